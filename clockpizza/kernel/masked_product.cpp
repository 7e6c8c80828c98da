// For each of N pairs, the product (G * mask) W of a (p, n) and a (n, m) matrix, with a mask of the n neurons: where most
// of them are active, all less the inactive ones. The same as `_Masked.product` in ../networks/jacobian.py.

#include <vector>

#include "product.hpp"

namespace {

template <class T>
void masked_product(Index N, Index p, Index n, Index m, const T* by_neuron, const T* W, const T* of_all,
                    const unsigned char* active, T* out) {
    constexpr Index wide = Of<T>::wide;
    const Index columns = Of<T>::padded(m);
    std::vector<T> panels(n * columns), rows(n * p), panel(n * wide), C(p * columns);
    std::vector<Index> which(n);
    for (Index k = 0; k < n; k++) {
        for (Index j = 0; j < m; j++) panels[in_panels<T>(n, k, j)] = W[k * m + j];
    }
    for (Index i = 0; i < N; i++, active += n, out += p * m) {
        Index count = 0;
        for (Index k = 0; k < n; k++) count += active[k];
        const bool most = 2 * count > n;
        Index listed = 0;
        for (Index k = 0; k < n; k++) {
            if (bool(active[k]) != most) which[listed++] = k;
        }
        // Moved together, for neurons far apart would each be waited for.
        for (Index k = 0; k < listed; k++) std::copy_n(by_neuron + which[k] * p, p, &rows[k * p]);
        for (Index j = 0; j < columns; j += wide) {
            for (Index k = 0; k < listed; k++) std::copy_n(&panels[j * n + which[k] * wide], wide, &panel[k * wide]);
            product<T>(p, wide, listed, rows.data(), 1, p, panel.data(), 0, wide, &C[j], columns, false);
        }
        for (Index c = 0; c < p; c++) {
            const T *from = &C[c * columns], *all = of_all + c * m;
            T* to = out + c * m;
            for (Index j = 0; j < m; j++) to[j] = most ? all[j] - from[j] : from[j];
        }
    }
}

}  // namespace

#define MASKED_PRODUCT(name, T)                                                                                  \
    extern "C" void name(Index N, Index p, Index n, Index m, const T* by_neuron, const T* W, const T* of_all,    \
                         const unsigned char* active, T* out) {                                                  \
        masked_product<T>(N, p, n, m, by_neuron, W, of_all, active, out);                                        \
    }

MASKED_PRODUCT(masked_product_float32, float)
MASKED_PRODUCT(masked_product_float64, double)
