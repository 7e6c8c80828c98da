// The first block of one transformer of two tokens, as tables over tokens, and back: what
// `first_block` in ../networks/first_layer.py and its callers make of weights. With x_j = W_E + W_pos at position j and
// U = W_U, or the identity where more blocks follow:
//
//   C = [W_in; U^T]     bias = [b_in; U^T b_out]     M = W_out^T U
//   k_j, q_j, v_j = x_j W^T        C_O = C W_O        T0 = v_0 C_O^T        T1 = -v_1 C_O^T        of each head
//   S = rate sigmoid((k_0[a] - k_1[b]) q / sqrt(d_head))                    of the query at each position that is read
//   B0 = (1 - rate) sum T0 and B1 = -sum T1, over heads; and x C^T + bias in the one of the position that is read
//
// Where it does not attend, its rate being 0, there are no S, T0 and T1, and W_K and W_Q have no gradient.
//
// The work is cut into parts that threads share: some heads, columns of C and rows of M each. What all of them add to is
// there once for every part: B, which the caller adds up, and dx, dC and dU, which `finish` does. Sums are in a fixed order: same parts, same bits.

#include <cmath>
#include <vector>

#include "product.hpp"

namespace {

template <class T>
struct FirstBlock {
    Index p, vocabulary, second, width, heads, d_head, hidden, answers, outputs;  // second: column of W_E where b begins
    Index positions, part, parts, attends, causal, read[2];                       // read: (positions)
    double rate;
    const T *W_E, *W_pos, *W_K, *W_Q, *W_V, *W_O, *W_in, *b_in, *W_out, *b_out, *W_U;
    T* B;               // (parts, 2, positions, p, F): B0 and B1
    T *S, *T0, *T1, *M; // (positions, p, p, heads), (heads, p, F), (heads, p, F), (hidden, outputs)
    T* kept;            // (heads, `kept_by_head`), for the way back
    const T *dB0, *dB1, *dS, *dT0, *dT1, *dM;
    T *dx, *dC, *dU;  // (parts, 2, p, width), (parts, F, width), (parts, width, outputs)
    T* dbias;
    T *dW_E, *dW_pos, *dW_K, *dW_Q, *dW_V, *dW_O, *dW_in, *db_in, *dW_out, *db_out, *dW_U;  // like the weights
};

template <class T>
using Buffer = std::vector<T>;

// The right-hand side of a product, cut into panels of columns; element (k, j) from k * row + j * step.
template <class T>
struct Panels {
    Panels() = default;
    Panels(Index depth, Index columns, const T* from, Index row, Index step)
        : depth(depth), width(Of<T>::padded(columns)), data(depth * width) {
        constexpr Index wide = Of<T>::wide;
        for (Index j0 = 0; j0 < columns; j0 += wide) {
            const Index n = std::min(wide, columns - j0);
            T* to = &data[j0 * depth];
            for (Index k = 0; k < depth; k++) {
                for (Index j = 0; j < n; j++) to[k * wide + j] = from[k * row + (j0 + j) * step];
            }
        }
    }
    Panels(Index depth, Index columns) : depth(depth), width(Of<T>::padded(columns)), data(depth * width) {}

    T& at(Index k, Index j) { return data[in_panels<T>(depth, k, j)]; }

    Index depth = 0, width = 0;
    Buffer<T> data;
};

template <class T>
class Part {
  public:
    explicit Part(const FirstBlock<T>& block)
        : q(block), F(q.hidden + q.outputs), D(Of<T>::padded(q.d_head)), P(Of<T>::padded(q.p)),
          W(Of<T>::padded(q.width)), FF(Of<T>::padded(F)), heads(share(q.heads)), columns(share(F)),
          rows(share(q.hidden)) {}

    Index kept_by_head() const { return F * D + (4 + q.positions) * q.d_head * P; }

    void forward() {
        for (Index j = 0; j < 2; j++) {
            x[j] = operands(j);
            x_panels[j] = {q.width, q.p, x[j].data(), P, 1};
        }
        C = all_of_C();
        for (Index j = 0; j < 2; j++) std::fill_n(B(j, 0), q.p * F, T(0));
        for (Index h = heads.from; h < heads.to; h++) {
            values(h);
            if (q.attends) {
                project(h);
                for (Index i = 0; i < q.positions; i++) shares(h, i);
            }
        }
        // B0 and B1 of the first position hold the sums over heads; the others begin like them.
        for (Index at = 0; at < q.p * F; at++) B(0, 0)[at] *= T(1 - q.rate);
        for (Index i = 1; i < q.positions; i++) {
            for (Index j = 0; j < 2; j++) std::copy_n(B(j, 0), q.p * F, B(j, i));
        }
        direct();
        give_M();
    }

    void backward() {
        for (Index j = 0; j < 2; j++) {
            const Buffer<T> xt = operands(j);
            x_panels[j] = {q.p, q.width, xt.data(), 1, P};
            dx[j].resize(q.p * W);
            through[j].resize(q.p * F);
            for (Index i = 0; i < q.positions; i++) {
                for (Index at = 0; at < q.p * F; at++) through[j][at] += dB(j, i)[at];
            }
        }
        for (T& each : through[0]) each *= T(1 - q.rate);
        C = all_of_C();
        C_panels = {F, q.width, C.data(), W, 1};
        dC.resize(F * W);
        for (Index i = 0; i < q.positions; i++) direct_back(i);
        for (Index h = heads.from; h < heads.to; h++) {
            values_back(h);
            if (q.attends) shares_back(h);
        }
        M_back();
        for (Index j = 0; j < 2; j++) give(q.p, q.width, dx[j].data(), W, q.dx + (q.part * 2 + j) * q.p * q.width);
        give(F, q.width, dC.data(), W, q.dC + q.part * F * q.width);
    }

    // Of all parts, once they are there.
    void finish() const {
        std::fill_n(q.dW_E, q.width * q.vocabulary, T(0));
        std::fill_n(q.dW_pos, 2 * q.width, T(0));
        for (Index part = 0; part < q.parts; part++) {
            for (Index j = 0; j < 2; j++) {
                const T* dx = q.dx + (part * 2 + j) * q.p * q.width;
                for (Index w = 0; w < q.width; w++) {
                    T* to = q.dW_E + w * q.vocabulary + first_column(j);
                    for (Index token = 0; token < q.p; token++) {
                        to[token] += dx[token * q.width + w];
                        q.dW_pos[j * q.width + w] += dx[token * q.width + w];
                    }
                }
            }
            const T* dC = q.dC + part * F * q.width;
            for (Index at = 0; at < q.hidden * q.width; at++) q.dW_in[at] = part ? q.dW_in[at] + dC[at] : dC[at];
        }
        std::copy_n(q.dbias, q.hidden, q.db_in);
        const T* dbias = q.dbias + q.hidden;
        if (!q.W_U) {
            std::copy_n(dbias, q.width, q.db_out);
            return;
        }
        for (Index w = 0; w < q.width; w++) {
            q.db_out[w] = 0;
            for (Index c = 0; c < q.answers; c++) {
                q.db_out[w] += q.W_U[w * q.answers + c] * dbias[c];
                T sum = q.b_out[w] * dbias[c];
                for (Index part = 0; part < q.parts; part++) {
                    sum += q.dC[(part * F + q.hidden + c) * q.width + w] + q.dU[(part * q.width + w) * q.outputs + c];
                }
                q.dW_U[w * q.answers + c] = sum;
            }
        }
    }

  private:
    struct Range {
        Index from, to;
        Index size() const { return to - from; }
    };

    const FirstBlock<T>& q;
    const Index F, D, P, W, FF;        // F: columns of tables; padded d_head, p, width, F
    const Range heads, columns, rows;  // this part's; columns of tables, rows of M
    Buffer<T> x[2], C, dx[2], dC;      // (width, P), (F, W), (p, W), (F, W)
    Panels<T> x_panels[2], C_panels;   // x_j is (width, p) forward and (p, width) backward
    Buffer<T> through[2];              // gradients of the sums over heads, (p, F)

    Range share(Index n) const { return {n * q.part / q.parts, n * (q.part + 1) / q.parts}; }

    Index first_column(Index j) const { return j ? q.second : 0; }

    // x_j transposed, (width, P).
    Buffer<T> operands(Index j) const {
        Buffer<T> to(q.width * P);
        for (Index w = 0; w < q.width; w++) {
            const T* from = q.W_E + w * q.vocabulary + first_column(j);
            for (Index token = 0; token < q.p; token++) to[w * P + token] = from[token] + q.W_pos[j * q.width + w];
        }
        return to;
    }

    // (F, W)
    Buffer<T> all_of_C() const {
        Buffer<T> to(F * W);
        for (Index h = 0; h < q.hidden; h++) std::copy_n(q.W_in + h * q.width, q.width, &to[h * W]);
        T* rest = &to[q.hidden * W];
        if (!q.W_U) {
            for (Index w = 0; w < q.width; w++) rest[w * W + w] = 1;
            return to;
        }
        for (Index w = 0; w < q.width; w++) {
            for (Index c = 0; c < q.answers; c++) rest[c * W + w] = q.W_U[w * q.answers + c];
        }
        return to;
    }

    T bias(Index f) const {
        if (f < q.hidden) return q.b_in[f];
        const Index c = f - q.hidden;
        if (!q.W_U) return q.b_out[c];
        T sum = 0;
        if (c < q.answers) for (Index w = 0; w < q.width; w++) sum += q.b_out[w] * q.W_U[w * q.answers + c];
        return sum;
    }

    T* B(Index j, Index i) const { return q.B + ((q.part * 2 + j) * q.positions + i) * q.p * F; }
    const T* dB(Index j, Index i) const { return (j ? q.dB1 : q.dB0) + i * q.p * F; }

    // What is kept of a head: C_O (F, D), then (d_head, P) of k_0, k_1, v_0, v_1 and the queries.
    T* C_O(Index h) const { return q.kept + h * kept_by_head(); }
    T* projected(Index h, Index which) const { return C_O(h) + F * D + which * q.d_head * P; }
    T* k(Index h, Index j) const { return projected(h, j); }
    T* v(Index h, Index j) const { return projected(h, 2 + j); }
    T* query(Index h, Index i) const { return projected(h, 4 + i); }
    const T* of_head(const T* weights, Index h) const { return weights + h * q.d_head * q.width; }

    // to (rows, columns of B) (+)= A B; A's element (i, k) is at i * row + k * step; rows of `to` are ld apart.
    static void times(Index rows, const T* A, Index row, Index step, const Panels<T>& B, T* to, Index ld, bool add) {
        product<T>(rows, B.width, B.depth, A, row, step, B.data.data(), Of<T>::wide * B.depth, Of<T>::wide, to, ld, add);
    }

    static void give(Index rows, Index columns, const T* from, Index ld, T* to) {
        for (Index r = 0; r < rows; r++) std::copy_n(from + r * ld, columns, to + r * columns);
    }

    // Keys and queries of a head.
    void project(Index h) {
        for (Index j = 0; j < 2; j++) times(q.d_head, of_head(q.W_K, h), q.width, 1, x_panels[j], k(h, j), P, false);
        for (Index i = 0; i < q.positions; i++) {
            times(q.d_head, of_head(q.W_Q, h), q.width, 1, x_panels[q.read[i]], query(h, i), P, false);
            for (Index at = 0; at < q.d_head * P; at++) query(h, i)[at] *= scale();
        }
    }

    // Values of a head and its C_O; T0 and T1; their sums are added to B's.
    void values(Index h) {
        const Panels<T> W_O(q.width, q.d_head, q.W_O + h * q.d_head, q.heads * q.d_head, 1);
        times(F, C.data(), W, 1, W_O, C_O(h), D, false);
        const Panels<T> C_Ot(q.d_head, F, C_O(h), 1, D);
        Buffer<T> over(q.p * FF);
        for (Index j = 0; j < 2; j++) {
            times(q.d_head, of_head(q.W_V, h), q.width, 1, x_panels[j], v(h, j), P, false);
            times(q.p, v(h, j), 1, P, C_Ot, over.data(), FF, false);
            for (Index token = 0; token < q.p; token++) {
                const T* row = &over[token * FF];
                T *sum = B(j, 0) + token * F, *table = (j == 0 ? q.T0 : q.T1) + (h * q.p + token) * F;
                for (Index f = 0; f < F; f++) sum[f] += row[f];
                if (!q.attends) continue;
                for (Index f = 0; f < F; f++) table[f] = j == 0 ? row[f] : -row[f];
            }
        }
    }

    T scale() const { return T(1 / std::sqrt(double(q.d_head))); }

    // Scores are left[a] right[b] less the query's with its own position's key, of the sign + where that is b's.
    const T* left_side(Index h, Index i) const { return q.read[i] ? k(h, 0) : query(h, i); }
    const T* right_side(Index h, Index i) const { return q.read[i] ? query(h, i) : k(h, 1); }
    bool sees_one_key(Index i) const { return q.causal && q.read[i] == 0; }

    T* S(Index h, Index i) const { return q.S + i * q.p * q.p * q.heads + h; }  // pairs are `heads` apart

    void shares(Index h, Index i) {
        T* to = S(h, i);
        const T rate = T(q.rate);
        if (sees_one_key(i)) {
            for (Index at = 0; at < q.p * q.p; at++) to[at * q.heads] = rate;
            return;
        }
        const Index j = q.read[i];
        Buffer<T> scores(q.p * P), own(P);
        times(q.p, left_side(h, i), 1, P, {q.d_head, q.p, right_side(h, i), P, 1}, scores.data(), P, false);
        for (Index d = 0; d < q.d_head; d++) {
            const T *key = k(h, j) + d * P, *asked = query(h, i) + d * P;
            for (Index token = 0; token < q.p; token++) own[token] += key[token] * asked[token];
        }
        for (Index a = 0; a < q.p; a++) {
            for (Index b = 0; b < q.p; b++) {
                const T score = j ? scores[a * P + b] - own[b] : own[a] - scores[a * P + b];
                to[(a * q.p + b) * q.heads] = rate / (1 + std::exp(-score));
            }
        }
    }

    // x C^T + bias at the positions that are read, this part's columns.
    void direct() {
        const Panels<T> Ct(q.width, columns.size(), &C[columns.from * W], 1, W);
        Buffer<T> found(q.p * Ct.width), bias(columns.size());
        for (Index f = columns.from; f < columns.to; f++) bias[f - columns.from] = this->bias(f);
        for (Index i = 0; i < q.positions; i++) {
            times(q.p, x[q.read[i]].data(), 1, P, Ct, found.data(), Ct.width, false);
            for (Index token = 0; token < q.p; token++) {
                T* to = B(q.read[i], i) + token * F + columns.from;
                for (Index c = 0; c < columns.size(); c++) to[c] += found[token * Ct.width + c] + bias[c];
            }
        }
    }

    void direct_back(Index i) {
        const Index j = q.read[i];
        const T* grad = dB(j, i) + columns.from;
        constexpr Index wide = Of<T>::wide;
        const T* own = &C_panels.data[columns.from * wide];  // rows of C
        product<T>(q.p, W, columns.size(), grad, F, 1, own, wide * F, wide, dx[j].data(), W, true);
        times(columns.size(), grad, 1, F, x_panels[j], &dC[columns.from * W], W, true);
        if (i == 0) std::fill_n(q.dbias + columns.from, columns.size(), T(0));
        for (Index token = 0; token < q.p; token++) {
            for (Index c = 0; c < columns.size(); c++) q.dbias[columns.from + c] += grad[token * F + c];
        }
    }

    // This part's rows.
    void give_M() {
        if (!q.W_U) {
            for (Index h = rows.from; h < rows.to; h++) {
                for (Index w = 0; w < q.width; w++) q.M[h * q.width + w] = q.W_out[w * q.hidden + h];
            }
            return;
        }
        const Panels<T> U(q.width, q.answers, q.W_U, q.answers, 1);
        Buffer<T> found(rows.size() * U.width);
        times(rows.size(), q.W_out + rows.from, 1, q.hidden, U, found.data(), U.width, false);
        for (Index h = rows.from; h < rows.to; h++) {
            T* to = q.M + h * q.outputs;
            std::fill_n(std::copy_n(&found[(h - rows.from) * U.width], q.answers, to), q.outputs - q.answers, T(0));
        }
    }

    void M_back() {
        const T* grad = q.dM + rows.from * q.outputs;
        const Index n = rows.size();
        if (!q.W_U) {
            for (Index w = 0; w < q.width; w++) {
                for (Index h = 0; h < n; h++) q.dW_out[w * q.hidden + rows.from + h] = grad[h * q.outputs + w];
            }
            return;
        }
        const Panels<T> transposed(q.answers, n, grad, 1, q.outputs);
        Buffer<T> found(q.width * transposed.width);
        times(q.width, q.W_U, q.answers, 1, transposed, found.data(), transposed.width, false);
        for (Index w = 0; w < q.width; w++) {
            std::copy_n(&found[w * transposed.width], n, q.dW_out + w * q.hidden + rows.from);
        }
        const Panels<T> own(n, q.outputs, grad, q.outputs, 1);
        Buffer<T> dU(q.width * own.width);
        times(q.width, q.W_out + rows.from, q.hidden, 1, own, dU.data(), own.width, false);
        give(q.width, q.outputs, dU.data(), own.width, q.dU + q.part * q.width * q.outputs);
    }

    void values_back(Index h) {
        Buffer<T> over(q.p * FF), dv(q.p * D), dC_O(q.d_head * FF), dW_V(q.d_head * W), dW_O(q.d_head * W);
        const Panels<T> W_V(q.d_head, q.width, of_head(q.W_V, h), q.width, 1), C_Of(F, q.d_head, C_O(h), D, 1);
        const Panels<T> W_O(q.d_head, q.width, q.W_O + h * q.d_head, 1, q.heads * q.d_head);
        for (Index j = 0; j < 2; j++) {
            for (Index token = 0; token < q.p; token++) {
                const T* table = (j == 0 ? q.dT0 : q.dT1) + (h * q.p + token) * F;
                const T* sum = &through[j][token * F];
                T* to = &over[token * FF];
                std::copy_n(sum, F, to);
                if (!q.attends) continue;
                for (Index f = 0; f < F; f++) to[f] += j == 0 ? table[f] : -table[f];
            }
            const Panels<T> over_panels(q.p, F, over.data(), FF, 1);
            times(q.p, over.data(), FF, 1, C_Of, dv.data(), D, false);
            times(q.d_head, v(h, j), P, 1, over_panels, dC_O.data(), FF, j > 0);
            times(q.d_head, dv.data(), 1, D, x_panels[j], dW_V.data(), W, j > 0);
            times(q.p, dv.data(), D, 1, W_V, dx[j].data(), W, true);
        }
        times(F, dC_O.data(), 1, FF, W_O, dC.data(), W, true);
        times(q.d_head, dC_O.data(), FF, 1, C_panels, dW_O.data(), W, false);
        give(q.d_head, q.width, dW_V.data(), W, q.dW_V + h * q.d_head * q.width);
        for (Index d = 0; d < q.d_head; d++) {
            for (Index w = 0; w < q.width; w++) q.dW_O[(w * q.heads + h) * q.d_head + d] = dW_O[d * W + w];
        }
    }

    void shares_back(Index h) {
        const Index size = q.d_head * P;
        Buffer<T> dk[2] = {Buffer<T>(size), Buffer<T>(size)};
        Buffer<T> dW_K(q.d_head * W), dW_Q(q.d_head * W);
        const Panels<T> W_K(q.d_head, q.width, of_head(q.W_K, h), q.width, 1);
        const Panels<T> W_Q(q.d_head, q.width, of_head(q.W_Q, h), q.width, 1);
        for (Index i = 0; i < q.positions; i++) {
            if (sees_one_key(i)) continue;
            const Index j = q.read[i];
            Buffer<T> dq(size), own(P);
            Panels<T> scores(q.p, q.p), transposed(q.p, q.p);
            const T* S = this->S(h, i);
            const T* dS = q.dS + (S - q.S);
            for (Index a = 0; a < q.p; a++) {
                for (Index b = 0; b < q.p; b++) {
                    const Index at = (a * q.p + b) * q.heads;
                    const T size = q.rate ? dS[at] * S[at] * (1 - S[at] / T(q.rate)) : T(0), slope = j ? size : -size;
                    scores.at(a, b) = transposed.at(b, a) = slope;
                    own[j ? b : a] -= slope;
                }
            }
            Buffer<T>&left = j ? dk[0] : dq, &right = j ? dq : dk[1];
            times(q.d_head, left_side(h, i), P, 1, scores, right.data(), P, true);
            times(q.d_head, right_side(h, i), P, 1, transposed, left.data(), P, true);
            for (Index d = 0; d < q.d_head; d++) {
                for (Index token = 0; token < q.p; token++) {
                    const Index at = d * P + token;
                    dk[j][at] += own[token] * query(h, i)[at];
                    dq[at] = scale() * (dq[at] + own[token] * k(h, j)[at]);
                }
            }
            project_back(dq, j, W_Q, dW_Q);
        }
        for (Index j = 0; j < 2; j++) project_back(dk[j], j, W_K, dW_K);
        give(q.d_head, q.width, dW_K.data(), W, q.dW_K + h * q.d_head * q.width);
        give(q.d_head, q.width, dW_Q.data(), W, q.dW_Q + h * q.d_head * q.width);
    }

    // From the gradient (d_head, P) of x_j W^T to x_j's and W's.
    void project_back(const Buffer<T>& grad, Index j, const Panels<T>& weights, Buffer<T>& dW) {
        times(q.d_head, grad.data(), P, 1, x_panels[j], dW.data(), W, true);
        times(q.p, grad.data(), 1, P, weights, dx[j].data(), W, true);
    }
};

}  // namespace

#define FUNCTIONS(name, T)                                                                                          \
    extern "C" Index first_block_kept_##name(const FirstBlock<T>* block) { return Part<T>(*block).kept_by_head(); } \
    extern "C" void first_block_##name(const FirstBlock<T>* block) { Part<T>(*block).forward(); }                   \
    extern "C" void first_block_back_##name(const FirstBlock<T>* block) { Part<T>(*block).backward(); }             \
    extern "C" void first_block_finish_##name(const FirstBlock<T>* block) { Part<T>(*block).finish(); }

FUNCTIONS(float32, float)
FUNCTIONS(float64, double)
