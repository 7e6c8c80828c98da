// The first block of a transformer of two tokens, as tables over tokens, and back: `first_block` in
// ../networks/first_layer.py, for one network with attention. Of each head and position j of the operands:
//
//   k_j, q_j, v_j = x_j W^T        C_O = C W_O        T0 = v_0 C_O^T        T1 = -v_1 C_O^T
//   S = rate sigmoid((k_0[a] - k_1[b]) q / sqrt(d_head)), of the query at each position that is read
//   B0 = (1 - rate) sum T0 and B1 = -sum T1, over heads; and x C^T + bias in the one of the position that is read
//
// The work is cut into parts that threads share: some heads and some columns of C each. What all of them add to (B, dx,
// dC) is there once for every part, and whoever calls adds them up. Sums are in a fixed order: same parts, same bits.

#include <cmath>
#include <vector>

#include "product.hpp"

namespace {

template <class T>
struct FirstBlock {
    Index p, width, heads, d_head, F, positions, part, parts, causal;
    double rate;
    Index read[2];  // (positions)
    const T *x, *W_K, *W_Q, *W_V, *W_O, *C, *bias;
    T *S, *T0, *T1;  // (positions, p, p, heads), (heads, p, F), (heads, p, F)
    T* B;            // (parts, 2, positions, p, F): B0 and B1
    T* kept;         // (heads, `kept_by_head`), for the way back
    const T *dB, *dS, *dT0, *dT1;
    T *dx, *dC;                                   // (parts, 2, p, width), (parts, F, width)
    T *dW_K, *dW_Q, *dW_V, *dW_O, *dbias;         // like the weights
};

template <class T>
using Buffer = std::vector<T>;

// `rows` rows of `columns`, padded; element (r, c) from r * row + c * step.
template <class T>
Buffer<T> padded(Index rows, Index columns, const T* from, Index row, Index step) {
    constexpr Index tile = 16;
    const Index ld = Of<T>::padded(columns);
    Buffer<T> to(rows * ld);
    for (Index r0 = 0; r0 < rows; r0 += tile) {
        for (Index c0 = 0; c0 < columns; c0 += tile) {
            for (Index r = r0; r < std::min(r0 + tile, rows); r++) {
                for (Index c = c0; c < std::min(c0 + tile, columns); c++) to[r * ld + c] = from[r * row + c * step];
            }
        }
    }
    return to;
}

template <class T>
class Part {
  public:
    explicit Part(const FirstBlock<T>& block)
        : q(block), D(Of<T>::padded(q.d_head)), P(Of<T>::padded(q.p)), W(Of<T>::padded(q.width)),
          FF(Of<T>::padded(q.F)), from(q.F * q.part / q.parts), columns(q.F * (q.part + 1) / q.parts - from) {}

    Index kept_by_head() const { return q.F * D + (4 + q.positions) * q.d_head * P; }

    void forward() {
        for (Index j = 0; j < 2; j++) x[j] = padded(q.width, q.p, q.x + j * q.p * q.width, 1, q.width);  // (width, P)
        each_own_head([&](Index h) {
            project(h);
            for (Index i = 0; i < q.positions; i++) shares(h, i);
        });
        // B0 and B1 of the first position hold the sums over heads; the others are like them.
        const T left = T(1 - q.rate);
        for (Index j = 0; j < 2; j++) {
            T* sum = B(j, 0);
            if (j == 0) for (Index at = 0; at < q.p * q.F; at++) sum[at] *= left;
            for (Index i = 1; i < q.positions; i++) std::copy_n(sum, q.p * q.F, B(j, i));
        }
        const Buffer<T> Ct = padded(q.width, columns, q.C + from * q.width, 1, q.width);
        const Index wide = Of<T>::padded(columns);
        Buffer<T> direct(q.p * wide);
        for (Index i = 0; i < q.positions; i++) {
            const Index j = q.read[i];
            times(q.p, wide, q.width, x[j].data(), 1, P, Ct, wide, direct.data(), wide, false);
            for (Index token = 0; token < q.p; token++) {
                T* to = B(j, i) + token * q.F + from;
                for (Index c = 0; c < columns; c++) to[c] += direct[token * wide + c] + q.bias[from + c];
            }
        }
    }

    void backward() {
        for (Index j = 0; j < 2; j++) {
            x[j] = padded(q.p, q.width, q.x + j * q.p * q.width, q.width, 1);  // (p, W)
            dx[j].resize(q.p * W);
            through[j].resize(q.p * q.F);
            for (Index i = 0; i < q.positions; i++) {
                const T* more = dB(j, i);
                for (Index at = 0; at < q.p * q.F; at++) through[j][at] += more[at];
            }
        }
        const T left = T(1 - q.rate);
        for (T& each : through[0]) each *= left;
        C = padded(q.F, q.width, q.C, q.width, 1);
        dC.resize(q.F * W);
        for (Index i = 0; i < q.positions; i++) direct_back(i);
        each_own_head([&](Index h) {
            values_back(h);
            shares_back(h);
        });
        for (Index j = 0; j < 2; j++) give(q.p, q.width, dx[j], W, q.dx + (q.part * 2 + j) * q.p * q.width);
        give(q.F, q.width, dC, W, q.dC + q.part * q.F * q.width);
    }

  private:
    const FirstBlock<T>& q;
    const Index D, P, W, FF;      // padded d_head, p, width, F
    const Index from, columns;    // of C that are this part's
    Buffer<T> x[2], dx[2], C, dC;
    Buffer<T> through[2];         // gradients of the sums over heads, (p, F)

    template <class Work>
    void each_own_head(Work work) {
        for (Index h = q.heads * q.part / q.parts; h < q.heads * (q.part + 1) / q.parts; h++) work(h);
    }

    T* B(Index j, Index i) const { return q.B + ((q.part * 2 + j) * q.positions + i) * q.p * q.F; }
    const T* dB(Index j, Index i) const { return q.dB + (j * q.positions + i) * q.p * q.F; }

    // What is kept of a head: C_O (F, D), then (d_head, P) of k_0, k_1, v_0, v_1 and the queries.
    T* C_O(Index h) const { return q.kept + h * kept_by_head(); }
    T* projected(Index h, Index which) const { return C_O(h) + q.F * D + which * q.d_head * P; }
    T* k(Index h, Index j) const { return projected(h, j); }
    T* v(Index h, Index j) const { return projected(h, 2 + j); }
    T* query(Index h, Index i) const { return projected(h, 4 + i); }
    const T* of_head(const T* weights, Index h) const { return weights + h * q.d_head * q.width; }

    // to (rows, columns) (+)= A B; A's element (i, k) is at i * row + k * step; rows of B and `to` are ldb and ld apart.
    static void times(Index rows, Index columns, Index depth, const T* A, Index row, Index step, const T* B, Index ldb,
                      T* to, Index ld, bool add) {
        product<T>(rows, columns, depth, A, row, step, B, Of<T>::wide, ldb, to, ld, add);
    }
    static void times(Index rows, Index columns, Index depth, const T* A, Index row, Index step, const Buffer<T>& B,
                      Index ldb, T* to, Index ld, bool add) {
        times(rows, columns, depth, A, row, step, B.data(), ldb, to, ld, add);
    }

    static void give(Index rows, Index columns, const Buffer<T>& from, Index ld, T* to) {
        for (Index r = 0; r < rows; r++) std::copy_n(&from[r * ld], columns, to + r * columns);
    }

    // Keys, values, queries and C_O of a head; T0 and T1; their sums are added to B's.
    void project(Index h) {
        for (Index j = 0; j < 2; j++) {
            times(q.d_head, P, q.width, of_head(q.W_K, h), q.width, 1, x[j], P, k(h, j), P, false);
            times(q.d_head, P, q.width, of_head(q.W_V, h), q.width, 1, x[j], P, v(h, j), P, false);
        }
        const T scale = T(1 / std::sqrt(double(q.d_head)));
        for (Index i = 0; i < q.positions; i++) {
            times(q.d_head, P, q.width, of_head(q.W_Q, h), q.width, 1, x[q.read[i]], P, query(h, i), P, false);
            for (Index at = 0; at < q.d_head * P; at++) query(h, i)[at] *= scale;
        }
        const Buffer<T> W_O = padded(q.width, q.d_head, q.W_O + h * q.d_head, q.heads * q.d_head, 1);
        times(q.F, D, q.width, q.C, q.width, 1, W_O, D, C_O(h), D, false);
        const Buffer<T> C_Ot = padded(q.d_head, q.F, C_O(h), 1, D);
        Buffer<T> over(q.p * FF);
        for (Index j = 0; j < 2; j++) {
            times(q.p, FF, q.d_head, v(h, j), 1, P, C_Ot, FF, over.data(), FF, false);
            for (Index token = 0; token < q.p; token++) {
                const T* row = &over[token * FF];
                T* table = (j == 0 ? q.T0 : q.T1) + (h * q.p + token) * q.F;
                T* sum = B(j, 0) + token * q.F;
                for (Index f = 0; f < q.F; f++) table[f] = j == 0 ? row[f] : -row[f];
                for (Index f = 0; f < q.F; f++) sum[f] += row[f];
            }
        }
    }

    // Scores are left[a] right[b] less the query's with its own position's key, of the sign + where that is b's.
    const T* left_side(Index h, Index i) const { return q.read[i] ? k(h, 0) : query(h, i); }
    const T* right_side(Index h, Index i) const { return q.read[i] ? query(h, i) : k(h, 1); }
    bool sees_one_key(Index i) const { return q.causal && q.read[i] == 0; }

    T* S(Index h, Index i) const { return q.S + i * q.p * q.p * q.heads + h; }  // heads apart

    void shares(Index h, Index i) {
        T* to = S(h, i);
        const T rate = T(q.rate);
        if (sees_one_key(i)) {
            for (Index at = 0; at < q.p * q.p; at++) to[at * q.heads] = rate;
            return;
        }
        const Index j = q.read[i];
        Buffer<T> scores(q.p * P), own(P);
        times(q.p, P, q.d_head, left_side(h, i), 1, P, right_side(h, i), P, scores.data(), P, false);
        for (Index d = 0; d < q.d_head; d++) {
            for (Index token = 0; token < q.p; token++) own[token] += k(h, j)[d * P + token] * query(h, i)[d * P + token];
        }
        for (Index a = 0; a < q.p; a++) {
            for (Index b = 0; b < q.p; b++) {
                const T score = j ? scores[a * P + b] - own[b] : own[a] - scores[a * P + b];
                to[(a * q.p + b) * q.heads] = rate / (1 + std::exp(-score));
            }
        }
    }

    // x C^T + bias of what is read at a position.
    void direct_back(Index i) {
        const Index j = q.read[i];
        const T* grad = dB(j, i) + from;
        times(q.p, W, columns, grad, q.F, 1, &C[from * W], W, dx[j].data(), W, true);
        times(columns, W, q.p, grad, 1, q.F, x[j], W, &dC[from * W], W, true);
        for (Index token = 0; token < q.p; token++) {
            for (Index c = 0; c < columns; c++) {
                const T more = grad[token * q.F + c];
                q.dbias[from + c] = i == 0 && token == 0 ? more : q.dbias[from + c] + more;
            }
        }
    }

    void values_back(Index h) {
        Buffer<T> over(q.p * FF), dv(q.p * D), dC_O(q.d_head * FF), dW_V(q.d_head * W), dW_O(q.d_head * W);
        const Buffer<T> W_V = padded(q.d_head, q.width, of_head(q.W_V, h), q.width, 1);
        const Buffer<T> W_O = padded(q.d_head, q.width, q.W_O + h * q.d_head, 1, q.heads * q.d_head);
        for (Index j = 0; j < 2; j++) {
            for (Index token = 0; token < q.p; token++) {
                const T* table = (j == 0 ? q.dT0 : q.dT1) + (h * q.p + token) * q.F;
                const T* sum = &through[j][token * q.F];
                T* to = &over[token * FF];
                for (Index f = 0; f < q.F; f++) to[f] = j == 0 ? sum[f] + table[f] : sum[f] - table[f];
            }
            times(q.p, D, q.F, over.data(), FF, 1, C_O(h), D, dv.data(), D, false);
            times(q.d_head, FF, q.p, v(h, j), P, 1, over, FF, dC_O.data(), FF, j > 0);
            times(q.d_head, W, q.p, dv.data(), 1, D, x[j], W, dW_V.data(), W, j > 0);
            times(q.p, W, q.d_head, dv.data(), D, 1, W_V, W, dx[j].data(), W, true);
        }
        times(q.F, W, q.d_head, dC_O.data(), 1, FF, W_O, W, dC.data(), W, true);
        times(q.d_head, W, q.F, dC_O.data(), FF, 1, C, W, dW_O.data(), W, false);
        give(q.d_head, q.width, dW_V, W, q.dW_V + h * q.d_head * q.width);
        for (Index d = 0; d < q.d_head; d++) {
            for (Index w = 0; w < q.width; w++) q.dW_O[(w * q.heads + h) * q.d_head + d] = dW_O[d * W + w];
        }
    }

    void shares_back(Index h) {
        const Index size = q.d_head * P;
        Buffer<T> dk[2] = {Buffer<T>(size), Buffer<T>(size)};
        Buffer<T> dW_K(q.d_head * W), dW_Q(q.d_head * W);
        const Buffer<T> W_K = padded(q.d_head, q.width, of_head(q.W_K, h), q.width, 1);
        const Buffer<T> W_Q = padded(q.d_head, q.width, of_head(q.W_Q, h), q.width, 1);
        const T scale = T(1 / std::sqrt(double(q.d_head)));
        for (Index i = 0; i < q.positions; i++) {
            if (sees_one_key(i)) continue;
            const Index j = q.read[i];
            Buffer<T> dq(size), scores(q.p * P), transposed(q.p * P), own(P);
            const T* S = this->S(h, i);
            const T* dS = q.dS + (S - q.S);
            for (Index a = 0; a < q.p; a++) {
                for (Index b = 0; b < q.p; b++) {
                    const Index at = (a * q.p + b) * q.heads;
                    const T slope = q.rate ? dS[at] * S[at] * (1 - S[at] / T(q.rate)) : T(0);
                    scores[a * P + b] = transposed[b * P + a] = j ? slope : -slope;
                    own[j ? b : a] -= j ? slope : -slope;
                }
            }
            Buffer<T>&left = j ? dk[0] : dq, &right = j ? dq : dk[1];
            times(q.d_head, P, q.p, left_side(h, i), P, 1, scores, P, right.data(), P, true);
            times(q.d_head, P, q.p, right_side(h, i), P, 1, transposed, P, left.data(), P, true);
            for (Index d = 0; d < q.d_head; d++) {
                for (Index token = 0; token < q.p; token++) {
                    const Index at = d * P + token;
                    dk[j][at] += own[token] * query(h, i)[at];
                    dq[at] = scale * (dq[at] + own[token] * k(h, j)[at]);
                }
            }
            project_back(dq, j, W_Q, dW_Q);
        }
        for (Index j = 0; j < 2; j++) project_back(dk[j], j, W_K, dW_K);
        give(q.d_head, q.width, dW_K, W, q.dW_K + h * q.d_head * q.width);
        give(q.d_head, q.width, dW_Q, W, q.dW_Q + h * q.d_head * q.width);
    }

    // From the gradient (d_head, P) of x_j W^T to x_j's and W's.
    void project_back(const Buffer<T>& grad, Index j, const Buffer<T>& weights, Buffer<T>& dW) {
        times(q.d_head, W, q.p, grad.data(), P, 1, x[j], W, dW.data(), W, true);
        times(q.p, W, q.d_head, grad.data(), 1, P, weights, W, dx[j].data(), W, true);
    }
};

}  // namespace

#define FUNCTIONS(name, T)                                                                                       \
    extern "C" Index first_block_kept_##name(const FirstBlock<T>* block) { return Part<T>(*block).kept_by_head(); } \
    extern "C" void first_block_##name(const FirstBlock<T>* block) { Part<T>(*block).forward(); }                \
    extern "C" void first_block_back_##name(const FirstBlock<T>* block) { Part<T>(*block).backward(); }

FUNCTIONS(float32, float)
FUNCTIONS(float64, double)
