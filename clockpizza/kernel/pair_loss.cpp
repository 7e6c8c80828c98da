// Loss and gradients of one hidden layer of ReLU over pairs: the part of a training step that takes the time, in one
// pass over tiles of pairs that stay in a core's cache. The same as `PairLoss._part` in ../training/pair_loss.py, for one network:
//
//   pre[a, b] = sum_j S[a, b, j] (T0[a, j] + T1[b, j])      hidden + outputs wide
//   z = pre[hidden:] + relu(pre[:hidden]) @ M
//   loss = sum over pairs of weight (logsumexp z - z[target]), in double precision
//
// Pairs of weight 0, off the training set, are passed over. Sums are in a fixed order: same machine, same bits.

#include <cmath>
#include <cstring>
#include <vector>

#include "product.hpp"

namespace {

constexpr Index TILE = 8;  // operands a and b of a tile: at most 64 pairs
constexpr Index PAIRS = TILE * TILE;

struct Pair {
    Index a, b;
};

template <class T>
struct Problem {
    Index rows, p, K, hidden, width, outputs;  // operands a; outputs padded to `width`
    Index apart;                               // elements from T0[k] to T0[k + 1]: it may be some operands of more
    const T *S, *T0, *T1, *M;                  // S (rows, p, K) or none, T0 (K, rows, F), T1 (K, p, F), M (hidden, width)
    const double* weight;
    const Index* target;
    double* loss;
    T *dS, *dT0, *dT1, *dM;
};

template <class T>
class Pass {
  public:
    explicit Pass(const Problem<T>& problem)
        : q(problem), F(problem.hidden + problem.width), H(Of<T>::padded(problem.hidden)), O(Of<T>::padded(problem.width)),
          act(PAIRS * H), grad(PAIRS * H), z(PAIRS * O), M(problem.hidden * O), Mt(problem.width * H), dM(problem.hidden * O) {
        for (Index h = 0; h < q.hidden; h++) {
            for (Index o = 0; o < q.width; o++) {
                M[in_panels<T>(q.hidden, h, o)] = Mt[in_panels<T>(q.width, o, h)] = q.M[h * q.width + o];
            }
        }
    }

    void run() {
        *q.loss = 0;
        if (q.S) std::memset(q.dS, 0, sizeof(T) * q.rows * q.p * q.K);
        std::memset(q.dT0, 0, sizeof(T) * q.rows * q.K * F);
        std::memset(q.dT1, 0, sizeof(T) * q.p * q.K * F);
        Pair pairs[PAIRS];
        for (Index a0 = 0; a0 < q.rows; a0 += TILE) {
            for (Index b0 = 0; b0 < q.p; b0 += TILE) {
                Index n = 0;
                for (Index a = a0; a < std::min(a0 + TILE, q.rows); a++) {
                    for (Index b = b0; b < std::min(b0 + TILE, q.p); b++) {
                        if (q.weight[a * q.p + b] != 0) pairs[n++] = {a, b};
                    }
                }
                if (n) tile(pairs, n);
            }
        }
        for (Index h = 0; h < q.hidden; h++) std::copy_n(&dM[h * O], q.width, q.dM + h * q.width);
    }

  private:
    const Problem<T>& q;
    const Index F, H, O;
    std::vector<T> act, grad, z, M, Mt, dM;  // M and its transpose in panels; a row of act, grad and z is a pair's

    void tile(const Pair* pairs, Index n) {
        constexpr Index wide = Of<T>::wide;
        for (Index r = 0; r < n; r++) mix(pairs[r], &act[r * H], &z[r * O]);
        product<T>(n, O, q.hidden, act.data(), H, 1, M.data(), wide * q.hidden, wide, z.data(), O, true);
        for (Index r = 0; r < n; r++) cross_entropy(pairs[r], &z[r * O]);
        product<T>(q.hidden, O, n, act.data(), 1, H, z.data(), wide, O, dM.data(), O, true);
        product<T>(n, H, q.width, z.data(), O, 1, Mt.data(), wide * q.width, wide, grad.data(), H, false);
        for (Index r = 0; r < n; r++) {
            const T* x = &act[r * H];
            T* g = &grad[r * H];
            for (Index h = 0; h < q.hidden; h++) g[h] = x[h] <= 0 ? 0 : g[h];
            mix_back(pairs[r], g, 0, q.hidden);
            mix_back(pairs[r], &z[r * O], q.hidden, q.width);
        }
    }

    // The pair's activations, and what reaches its logits beside them.
    void mix(Pair pair, T* hidden, T* logits) const {
        part(pair, hidden, 0, q.hidden);
        part(pair, logits, q.hidden, q.width);
        for (Index h = 0; h < q.hidden; h++) hidden[h] = hidden[h] <= 0 ? 0 : hidden[h];  // NaN stays NaN
    }

    void part(Pair pair, T* __restrict__ to, Index from, Index n) const {
        for (Index k = 0; k < q.K; k++) {
            const T s = share(pair, k);
            const T* __restrict__ t0 = q.T0 + k * q.apart + pair.a * F + from;
            const T* __restrict__ t1 = q.T1 + (k * q.p + pair.b) * F + from;
            if (k == 0) {
                for (Index f = 0; f < n; f++) to[f] = s * (t0[f] + t1[f]);
            } else {
                for (Index f = 0; f < n; f++) to[f] += s * (t0[f] + t1[f]);
            }
        }
    }

    T share(Pair pair, Index k) const { return q.S ? q.S[(pair.a * q.p + pair.b) * q.K + k] : T(1); }

    // Adds to the loss; logits become their gradient.
    void cross_entropy(Pair pair, T* logits) {
        const Index at = pair.a * q.p + pair.b;
        const double weight = q.weight[at];
        const double largest = *std::max_element(logits, logits + q.outputs);
        double e[q.outputs], total = 0;
        for (Index c = 0; c < q.outputs; c++) total += e[c] = std::exp(logits[c] - largest);
        *q.loss += weight * (std::log(total) + largest - logits[q.target[at]]);
        for (Index c = 0; c < q.outputs; c++) {
            logits[c] = T(weight * (e[c] / total - (c == q.target[at])));
        }
        std::fill(logits + q.outputs, logits + O, T(0));
    }

    void mix_back(Pair pair, const T* __restrict__ g, Index from, Index n) {
        for (Index k = 0; k < q.K; k++) {
            const T s = share(pair, k);
            T* __restrict__ d0 = q.dT0 + (k * q.rows + pair.a) * F + from;
            T* __restrict__ d1 = q.dT1 + (k * q.p + pair.b) * F + from;
            if (!q.S) {
                for (Index f = 0; f < n; f++) d0[f] += g[f], d1[f] += g[f];
                continue;
            }
            const T* __restrict__ t0 = q.T0 + k * q.apart + pair.a * F + from;
            const T* __restrict__ t1 = q.T1 + (k * q.p + pair.b) * F + from;
            T sum = 0;
#pragma omp simd reduction(+ : sum)
            for (Index f = 0; f < n; f++) {
                d0[f] += s * g[f];
                d1[f] += s * g[f];
                sum += g[f] * (t0[f] + t1[f]);
            }
            q.dS[(pair.a * q.p + pair.b) * q.K + k] += sum;
        }
    }
};

}  // namespace

extern "C" {
void pair_loss_float32(const Problem<float>* problem) { Pass<float>(*problem).run(); }
void pair_loss_float64(const Problem<double>* problem) { Pass<double>(*problem).run(); }
}
