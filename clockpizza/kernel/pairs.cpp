// A hidden layer of ReLU over pairs, in one pass over tiles of pairs that stay in a core's cache: the part of a training
// step that takes the time. For one network and some operands a:
//
//   pre[a, b] = sum_j S[a, b, j] (T0[a, j] + T1[b, j])      hidden + width wide
//   z = pre[hidden:] + relu(pre[:hidden]) @ M
//
// - loss and gradients, where z are the logits: sum over pairs of weight (logsumexp z - z[target]), in double precision.
//   The same as `PairLoss._part` in ../training/pair_loss.py; pairs of weight 0, off the training set, are passed over.
// - z of chosen pairs; and back from its gradient, where more layers follow: ../training/deep.py.
//
// Sums are in a fixed order: same machine, same bits.

#include <cstring>

#include "hidden.hpp"

namespace {

constexpr Index TILE = 8;  // operands a and b of a tile: at most 64 pairs
constexpr Index PAIRS = TILE * TILE;

struct Pair {
    Index a, b;
};

template <class T>
struct Problem {
    Index rows, p, K, hidden, width, outputs;  // operands a; of z, how many are logits: the others fill it up
    Index apart;                               // elements from T0[k] to T0[k + 1]: it may be some operands of more
    const T *S, *T0, *T1, *M;                  // S (rows, p, K) or none, T0 (K, rows, F), T1 (K, p, F), M (hidden, width)
    const double* weight;                      // for the loss
    const Index* target;
    double* loss;
    const Index* row;                          // where there are layers to follow: the pair's row in z, or -1
    T* z;
    const T* dz;
    T *dS, *dT0, *dT1, *dM;
};

template <class T>
class Pass {
  public:
    explicit Pass(const Problem<T>& problem)
        : q(problem), F(problem.hidden + problem.width), layer(problem.hidden, problem.width, problem.M, PAIRS) {}

    void loss() {
        *q.loss = 0;
        clear();
        each_tile([&](Index at) { return q.weight[at] != 0; }, [&](const Pair* pairs, Index n) {
            mix(pairs, n);
            layer.forward(n);
            for (Index r = 0; r < n; r++) {
                const Index at = pairs[r].a * q.p + pairs[r].b;
                *q.loss += layer.cross_entropy(r, q.weight[at], q.target[at], q.outputs);
            }
            back(pairs, n);
        });
        layer.give_dM(q.dM);
    }

    void forward() {
        each_tile([&](Index at) { return q.row[at] >= 0; }, [&](const Pair* pairs, Index n) {
            mix(pairs, n);
            layer.forward(n);
            for (Index r = 0; r < n; r++) std::copy_n(z(r), q.width, q.z + row(pairs[r]) * q.width);
        });
    }

    void backward() {
        clear();
        each_tile([&](Index at) { return q.row[at] >= 0; }, [&](const Pair* pairs, Index n) {
            mix(pairs, n);
            layer.activate(n);
            for (Index r = 0; r < n; r++) std::copy_n(q.dz + row(pairs[r]) * q.width, q.width, z(r));
            back(pairs, n);
        });
        layer.give_dM(q.dM);
    }

  private:
    const Problem<T>& q;
    const Index F;
    Hidden<T> layer;  // a pair a row

    template <class Wanted, class Work>
    void each_tile(Wanted wanted, Work work) {
        Pair pairs[PAIRS];
        for (Index a0 = 0; a0 < q.rows; a0 += TILE) {
            for (Index b0 = 0; b0 < q.p; b0 += TILE) {
                Index n = 0;
                for (Index a = a0; a < std::min(a0 + TILE, q.rows); a++) {
                    for (Index b = b0; b < std::min(b0 + TILE, q.p); b++) {
                        if (wanted(a * q.p + b)) pairs[n++] = {a, b};
                    }
                }
                if (n) work(pairs, n);
            }
        }
    }

    void clear() {
        if (q.S) std::memset(q.dS, 0, sizeof(T) * q.rows * q.p * q.K);
        std::memset(q.dT0, 0, sizeof(T) * q.rows * q.K * F);
        std::memset(q.dT1, 0, sizeof(T) * q.p * q.K * F);
    }

    Index row(Pair pair) const { return q.row[pair.a * q.p + pair.b]; }

    T* z(Index r) { return &layer.z[r * layer.O]; }

    // Pre-activations, and what reaches z beside them.
    void mix(const Pair* pairs, Index n) {
        for (Index r = 0; r < n; r++) {
            part(pairs[r], &layer.act[r * layer.H], 0, q.hidden);
            part(pairs[r], z(r), q.hidden, q.width);
            std::fill(z(r) + q.width, z(r) + layer.O, T(0));
        }
    }

    // From the gradient, which stands in z, to those of M and the tables.
    void back(const Pair* pairs, Index n) {
        layer.back(n);
        for (Index r = 0; r < n; r++) {
            mix_back(pairs[r], &layer.grad[r * layer.H], 0, q.hidden);
            mix_back(pairs[r], z(r), q.hidden, q.width);
        }
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

#define FUNCTIONS(name, T)                                                                      \
    extern "C" void pair_loss_##name(const Problem<T>* problem) { Pass<T>(*problem).loss(); }   \
    extern "C" void layer_##name(const Problem<T>* problem) { Pass<T>(*problem).forward(); }    \
    extern "C" void layer_back_##name(const Problem<T>* problem) { Pass<T>(*problem).backward(); }

FUNCTIONS(float32, float)
FUNCTIONS(float64, double)
