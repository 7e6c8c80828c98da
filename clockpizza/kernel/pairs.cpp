// A hidden layer of ReLU over pairs, in one pass over tiles of pairs that stay in a core's cache: the part of a training
// step that takes the time. For one network, some operands a, and each position i that is read:
//
//   pre_i[a, b] = B0_i[a] + B1_i[b] + sum_k S_i[a, b, k] (T0_k[a] + T1_k[b])      hidden + width wide
//   z_i = pre_i[hidden:] + relu(pre_i[:hidden]) @ M
//
// - loss and gradients, where z are the logits of the only position: sum over pairs of weight (logsumexp z - z[target]),
//   in double precision. The same as `PairLoss._part` in ../training/pair_loss.py; pairs of weight 0, off the training
//   set, are passed over.
// - z of chosen pairs; and back from its gradient, where more layers follow: ../training/deep.py.
//
// Sums are in a fixed order: same machine, same bits.

#include "hidden.hpp"

namespace {

constexpr Index TILE = 8;           // operands a and b whose pairs follow each other: what they share stays in the cache
constexpr Index PAIRS = 10 * ROWS;  // at a time
constexpr Index TOGETHER = 4;       // pairs of one a whose gradients are mixed together

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
    NOT_INLINE void mix(Index i, const Pair* pairs, Index n) {
        for (Index r = 0; r < n; r++) {
            part(i, pairs[r], &layer.act[r * layer.H], 0, q.hidden);
            part(i, pairs[r], z(r), q.hidden, q.width);
            std::fill(z(r) + q.width, z(r) + layer.O, T(0));
        }
    }

    // From the gradient, which stands in z, to those of M and the tables.
    void back(Index i, const Pair* pairs, Index n) {
        layer.back(n);
        for (Index r = 0; r < n;) {
            Index same = 1;  // pairs that follow with this a
            while (same < TOGETHER && r + same < n && pairs[r + same].a == pairs[r].a) same++;
            switch (same) {
                case 4: mix_back<4>(i, pairs + r, r); break;
                case 3: mix_back<3>(i, pairs + r, r); break;
                case 2: mix_back<2>(i, pairs + r, r); break;
                default: mix_back<1>(i, pairs + r, r);
            }
            r += same;
        }
    }

    void part(Index i, Pair pair, T* __restrict__ to, Index from, Index n) const {
        const T* b0 = q.B0 + i * q.B0_apart + pair.a * F + from;
        const T* b1 = q.B1 + (i * q.p + pair.b) * F + from;
        for (Index f = 0; f < n; f++) to[f] = b0[f] + b1[f];
        const T *s = shares(i, pair), *t0 = q.T0 + pair.a * F + from, *t1 = q.T1 + pair.b * F + from;
        Index k = 0;
        for (; k + 4 <= q.K; k += 4) add<4>(to, n, s + k, t0 + k * q.T0_apart, t1 + k * q.p * F);
        for (; k < q.K; k++) add<1>(to, n, s + k, t0 + k * q.T0_apart, t1 + k * q.p * F);
    }

    // The next N heads, at once: `to` is read and written once.
    template <int N>
    void add(T* __restrict__ to, Index n, const T* s, const T* t0, const T* t1) const {
        for (Index f = 0; f < n; f++) {
            T sum = to[f];
            for (int k = 0; k < N; k++) sum += s[k] * (t0[k * q.T0_apart + f] + t1[k * q.p * F + f]);
            to[f] = sum;
        }
    }

    const T* shares(Index i, Pair pair) const { return q.S + i * q.S_apart + (pair.a * q.p + pair.b) * q.K; }

    // Of N pairs with one a, in rows from r on.
    template <int N>
    void mix_back(Index i, const Pair* pairs, Index r) {
        mix_back<N>(i, pairs, &layer.grad[r * layer.H], layer.H, 0, q.hidden);
        mix_back<N>(i, pairs, z(r), layer.O, q.hidden, q.width);
    }

    // Their gradients g, `row` apart, of the columns from `from` on: what is a's stays in registers.
    template <int N>
    NOT_INLINE void mix_back(Index i, const Pair* pairs, const T* g, Index row, Index from, Index n) {
        typedef typename Of<T>::V V;
        constexpr Index lanes = Of<T>::lanes;
        const Index whole = n / lanes * lanes, a = pairs[0].a;
        for (int m = 0; m < N; m++) {
            T* __restrict__ e0 = q.dB0 + i * q.dB0_apart + a * F + from;
            T* __restrict__ e1 = q.dB1 + (i * q.p + pairs[m].b) * F + from;
            for (Index f = 0; f < n; f++) e0[f] += g[m * row + f], e1[f] += g[m * row + f];
        }
        for (Index k = 0; k < q.K; k++) {
            const T *t0 = q.T0 + k * q.T0_apart + a * F + from, *t1[N];
            T *d0 = q.dT0 + k * q.dT0_apart + a * F + from, *d1[N], s[N], ds[N] = {};
            for (int m = 0; m < N; m++) {
                t1[m] = q.T1 + (k * q.p + pairs[m].b) * F + from;
                d1[m] = q.dT1 + (k * q.p + pairs[m].b) * F + from;
                s[m] = shares(i, pairs[m])[k];
            }
            V sums[N] = {};
            for (Index f = 0; f < whole; f += lanes) {
                const V own = *(const V*)(t0 + f);
                V sum = *(V*)(d0 + f);
                for (int m = 0; m < N; m++) {
                    const V more = *(const V*)(g + m * row + f);
                    sum += s[m] * more;
                    *(V*)(d1[m] + f) += s[m] * more;
                    sums[m] += more * (own + *(const V*)(t1[m] + f));
                }
                *(V*)(d0 + f) = sum;
            }
            for (int m = 0; m < N; m++) {
                for (Index l = 0; l < lanes; l++) ds[m] += sums[m][l];
                for (Index f = whole; f < n; f++) {
                    const T more = g[m * row + f];
                    d0[f] += s[m] * more;
                    d1[m][f] += s[m] * more;
                    ds[m] += more * (t0[f] + t1[m][f]);
                }
                q.dS[i * q.dS_apart + (a * q.p + pairs[m].b) * q.K + k] += ds[m];
            }
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
