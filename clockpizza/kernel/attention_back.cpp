// Of one query of an attention block: from dQ/dresid_mid to dQ/dresid_pre at the first positions, for N pairs and p logits
// each. The same as `_attention` in ../networks/jacobian.py, in one pass over matrices that stay in a core's cache.
//
//   Z_h = G W_O_h                                  (p, d_head), every head
//   ds = rate / sqrt(d_head) A (g - sum A g)       the softmax's slope, g[h, t] = Z_h v[h, t], A its weights
//   out_j = sum_h A'[h, j] Z_h W_V_h + ds[h, j] from_q[h]
//   and at the query itself, the residual stream and what its keys' scores say: G + sum_ht ds[h, t] from_k[h, t]

#include <vector>

#include "product.hpp"

namespace {

template <class T>
struct Attention {
    Index N, p, heads, d_head, width, T_, keys, query;  // T_ positions; gradients at the first `keys`
    double scale;                                       // rate / sqrt(d_head)
    const T *G, *W_O, *W_V, *pattern, *A, *v, *from_q, *from_k;
    T* out;  // (keys, N, p, width)
};

// n rows, as many columns apart as a product takes.
template <class T>
void padded(std::vector<T>& to, const T* from, Index n, Index width, Index W) {
    for (Index i = 0; i < n; i++) std::copy_n(from + i * width, width, &to[i * W]);
}

template <class T>
void attention_back(const Attention<T>& q) {
    constexpr Index wide = Of<T>::wide;
    const Index e = q.heads * q.d_head, scores = q.heads * q.T_;
    const Index E = Of<T>::padded(e), W = Of<T>::padded(q.width);
    std::vector<T> W_O(q.width * E), W_V(e * W), Z(q.p * E), weighted(q.p * E), ds(q.p * scores),
        sum(q.p * W), rows(scores * W);
    for (Index i = 0; i < q.width; i++) {
        for (Index k = 0; k < e; k++) {
            W_O[in_panels<T>(q.width, i, k)] = q.W_O[i * e + k];
            W_V[in_panels<T>(e, k, i)] = q.W_V[k * q.width + i];
        }
    }
    for (Index n = 0; n < q.N; n++) {
        const T *G = q.G + n * q.p * q.width, *pattern = q.pattern + n * scores, *A = q.A + n * scores;
        const T* v = q.v + n * scores * q.d_head;
        product<T>(q.p, E, q.width, G, q.width, 1, W_O.data(), wide * q.width, wide, Z.data(), E, false);
        for (Index c = 0; c < q.p; c++) {
            for (Index h = 0; h < q.heads; h++) {
                const T* z = &Z[c * E + h * q.d_head];
                T* g = &ds[(c * q.heads + h) * q.T_];
                T mean = 0;
                for (Index t = 0; t < q.T_; t++) {
                    const T* value = v + (h * q.T_ + t) * q.d_head;
                    T dot = 0;
#pragma omp simd reduction(+ : dot)
                    for (Index i = 0; i < q.d_head; i++) dot += z[i] * value[i];
                    g[t] = dot;
                    mean += A[h * q.T_ + t] * dot;
                }
                for (Index t = 0; t < q.T_; t++) g[t] = T(q.scale) * A[h * q.T_ + t] * (g[t] - mean);
            }
        }
        for (Index j = 0; j < q.keys; j++) {
            T* out = q.out + (j * q.N + n) * q.p * q.width;
            for (Index c = 0; c < q.p; c++) {
                for (Index h = 0; h < q.heads; h++) {
                    const T share = pattern[h * q.T_ + j];
                    for (Index i = h * q.d_head; i < (h + 1) * q.d_head; i++) weighted[c * E + i] = share * Z[c * E + i];
                }
            }
            product<T>(q.p, W, e, weighted.data(), E, 1, W_V.data(), wide * e, wide, sum.data(), W, false);
            padded(rows, q.from_q + n * q.heads * q.width, q.heads, q.width, W);
            product<T>(q.p, W, q.heads, &ds[j], scores, q.T_, rows.data(), wide, W, sum.data(), W, true);
            if (j == q.query) {
                padded(rows, q.from_k + n * scores * q.width, scores, q.width, W);
                product<T>(q.p, W, scores, ds.data(), scores, 1, rows.data(), wide, W, sum.data(), W, true);
            }
            for (Index c = 0; c < q.p; c++) {
                const T *from = &sum[c * W], *stream = G + c * q.width;
                T* to = out + c * q.width;
                for (Index i = 0; i < q.width; i++) to[i] = from[i] + (j == q.query ? stream[i] : T(0));
            }
        }
    }
}

}  // namespace

extern "C" {
void attention_back_float32(const Attention<float>* problem) { attention_back(*problem); }
void attention_back_float64(const Attention<double>* problem) { attention_back(*problem); }
}
