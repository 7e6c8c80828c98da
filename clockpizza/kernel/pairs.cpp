// A hidden layer of ReLU over pairs, in one pass over tiles of pairs that stay in a core's cache: the part of a training
// step that takes the time. For one network, some operands a, and each position i that is read:
//
//   pre_i[a, b] = B0_i[a] + B1_i[b] + sum_k S_i[a, b, k] (T0_k[a] + T1_k[b])      hidden + width wide
//   z_i = pre_i[hidden:] + relu(pre_i[:hidden]) @ M
//
// - loss and gradients, where z are the logits of the only position: sum over pairs of weight (logsumexp z - z[target]), in double precision.
//   The same as `PairLoss._part` in ../training/pair_loss.py; pairs of weight 0, off the training set, are passed over.
// - z of chosen pairs; and back from its gradient, where more layers follow: ../training/deep.py.
//
// Sums are in a fixed order: same machine, same bits.

#include "hidden.hpp"

namespace {

constexpr Index TILE = 8;           // operands a and b whose pairs follow each other: what they share stays in the cache
constexpr Index PAIRS = 10 * ROWS;  // at a time

struct Pair {
    Index a, b;
};

template <class T>
struct Problem {
    Index positions, rows, p, K, hidden, width, outputs;  // rows: operands a; outputs: of z, those that are logits
    Index B0_apart, S_apart, T0_apart;     // elements from one i or k to the next: they may be of some operands of more
    Index dB0_apart, dS_apart, dT0_apart;  // and so may gradients
    const T *B0, *B1, *S, *T0, *T1;     // (i, rows, F), (i, p, F), (i, rows, p, K), (K, rows, F), (K, p, F)
    const T* M;                         // (hidden, width)
    const double* weight;               // for the loss
    const Index* target;
    double* loss;
    const Index* row;  // where there are layers to follow: the pair's row in each z_i (count, width), or -1
    Index count;
    T* z;
    const T* dz;
    T *dB0, *dB1, *dS, *dT0, *dT1, *dM;
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
            mix(0, pairs, n);
            layer.forward(n);
            for (Index r = 0; r < n; r++) {
                const Index at = pairs[r].a * q.p + pairs[r].b;
                *q.loss += layer.cross_entropy(r, q.weight[at], q.target[at], q.outputs);
            }
            back(0, pairs, n);
        });
        layer.give_dM(q.dM);
    }

    void forward() {
        each_tile([&](Index at) { return q.row[at] >= 0; }, [&](const Pair* pairs, Index n) {
            for (Index i = 0; i < q.positions; i++) {
                mix(i, pairs, n);
                layer.forward(n);
                for (Index r = 0; r < n; r++) std::copy_n(z(r), q.width, q.z + at(i, pairs[r]));
            }
        });
    }

    void backward() {
        clear();
        each_tile([&](Index at) { return q.row[at] >= 0; }, [&](const Pair* pairs, Index n) {
            for (Index i = 0; i < q.positions; i++) {
                mix(i, pairs, n);
                layer.activate(n);
                for (Index r = 0; r < n; r++) std::copy_n(q.dz + at(i, pairs[r]), q.width, z(r));
                back(i, pairs, n);
            }
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
        Index n = 0;
        for (Index a0 = 0; a0 < q.rows; a0 += TILE) {
            for (Index b0 = 0; b0 < q.p; b0 += TILE) {
                for (Index a = a0; a < std::min(a0 + TILE, q.rows); a++) {
                    for (Index b = b0; b < std::min(b0 + TILE, q.p); b++) {
                        if (wanted(a * q.p + b)) pairs[n++] = {a, b};
                        if (n == PAIRS) work(pairs, n), n = 0;
                    }
                }
            }
        }
        if (n) work(pairs, n);
    }

    void clear() {
        for (Index i = 0; i < q.positions; i++) {
            std::fill_n(q.dB0 + i * q.dB0_apart, q.rows * F, T(0));
            std::fill_n(q.dS + i * q.dS_apart, q.rows * q.p * q.K, T(0));
        }
        for (Index k = 0; k < q.K; k++) std::fill_n(q.dT0 + k * q.dT0_apart, q.rows * F, T(0));
        std::fill_n(q.dB1, q.positions * q.p * F, T(0));
        std::fill_n(q.dT1, q.K * q.p * F, T(0));
    }

    // Of a pair's z_i, in q.z.
    Index at(Index i, Pair pair) const { return (i * q.count + q.row[pair.a * q.p + pair.b]) * q.width; }

    T* z(Index r) { return &layer.z[r * layer.O]; }

    // Pre-activations, and what reaches z beside them.
    void mix(Index i, const Pair* pairs, Index n) {
        for (Index r = 0; r < n; r++) {
            part(i, pairs[r], &layer.act[r * layer.H], 0, q.hidden);
            part(i, pairs[r], z(r), q.hidden, q.width);
            std::fill(z(r) + q.width, z(r) + layer.O, T(0));
        }
    }

    // From the gradient, which stands in z, to those of M and the tables.
    void back(Index i, const Pair* pairs, Index n) {
        layer.back(n);
        for (Index r = 0; r < n; r++) {
            mix_back(i, pairs[r], &layer.grad[r * layer.H], 0, q.hidden);
            mix_back(i, pairs[r], z(r), q.hidden, q.width);
        }
    }

    void part(Index i, Pair pair, T* __restrict__ to, Index from, Index n) const {
        const T* __restrict__ b0 = q.B0 + i * q.B0_apart + pair.a * F + from;
        const T* __restrict__ b1 = q.B1 + (i * q.p + pair.b) * F + from;
        for (Index f = 0; f < n; f++) to[f] = b0[f] + b1[f];
        for (Index k = 0; k < q.K; k++) {
            const T s = shares(i, pair)[k];
            const T* __restrict__ t0 = q.T0 + k * q.T0_apart + pair.a * F + from;
            const T* __restrict__ t1 = q.T1 + (k * q.p + pair.b) * F + from;
            for (Index f = 0; f < n; f++) to[f] += s * (t0[f] + t1[f]);
        }
    }

    const T* shares(Index i, Pair pair) const { return q.S + i * q.S_apart + (pair.a * q.p + pair.b) * q.K; }

    void mix_back(Index i, Pair pair, const T* __restrict__ g, Index from, Index n) {
        T* __restrict__ e0 = q.dB0 + i * q.dB0_apart + pair.a * F + from;
        T* __restrict__ e1 = q.dB1 + (i * q.p + pair.b) * F + from;
        for (Index f = 0; f < n; f++) e0[f] += g[f], e1[f] += g[f];
        T* ds = q.dS + i * q.dS_apart + (pair.a * q.p + pair.b) * q.K;
        for (Index k = 0; k < q.K; k++) {
            const T s = shares(i, pair)[k];
            const T* __restrict__ t0 = q.T0 + k * q.T0_apart + pair.a * F + from;
            const T* __restrict__ t1 = q.T1 + (k * q.p + pair.b) * F + from;
            T* __restrict__ d0 = q.dT0 + k * q.dT0_apart + pair.a * F + from;
            T* __restrict__ d1 = q.dT1 + (k * q.p + pair.b) * F + from;
            T sum = 0;
#pragma omp simd reduction(+ : sum)
            for (Index f = 0; f < n; f++) {
                d0[f] += s * g[f];
                d1[f] += s * g[f];
                sum += g[f] * (t0[f] + t1[f]);
            }
            ds[k] += sum;
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
