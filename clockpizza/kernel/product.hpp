// Matrix products of a few dozen rows, kept in a core's registers and first cache; sums are in a fixed order.

#pragma once

#include <algorithm>
#include <cstdint>

namespace {

using Index = std::int64_t;

#if defined(__AVX512F__)
constexpr int VECTOR = 64;  // bytes
#elif defined(__AVX__)
constexpr int VECTOR = 32;
#else
constexpr int VECTOR = 16;
#endif

#define NOT_INLINE [[gnu::noinline]]  // where copies would cost seconds of compiling and save nothing

constexpr int ROWS = 6;  // of a block of C that is kept in registers, two vectors wide

template <class T>
struct Of {
    typedef T V __attribute__((vector_size(VECTOR), aligned(sizeof(T)), may_alias));
    static constexpr Index lanes = VECTOR / sizeof(T);
    static constexpr Index wide = 2 * lanes;
    static Index padded(Index n) { return (n + wide - 1) / wide * wide; }
};

// C[R rows, wide] (+)= A @ B over `depth` of the inner index.
// A's element (i, k) is at i * row + k * step; B's rows are `ldb` apart.
template <class T, int R>
void block(Index depth, const T* A, Index row, Index step, const T* B, Index ldb, T* C, Index ldc, bool add) {
    typedef typename Of<T>::V V;
    constexpr Index lanes = Of<T>::lanes;
    V sum[R][2];
    for (int i = 0; i < R; i++) {
        for (int j = 0; j < 2; j++) sum[i][j] = add ? *(const V*)(C + i * ldc + j * lanes) : V{};
    }
    for (Index k = 0; k < depth; k++) {
        const V left = *(const V*)(B + k * ldb), right = *(const V*)(B + k * ldb + lanes);
        for (int i = 0; i < R; i++) {
            const T a = A[i * row + k * step];
            sum[i][0] += a * left;
            sum[i][1] += a * right;
        }
    }
    for (int i = 0; i < R; i++) {
        for (int j = 0; j < 2; j++) *(V*)(C + i * ldc + j * lanes) = sum[i][j];
    }
}

// C (rows, columns) (+)= A @ B, columns a multiple of `wide`; B's column panels are `panel` elements apart.
template <class T>
NOT_INLINE void product(Index rows, Index columns, Index depth, const T* A, Index row, Index step, const T* B, Index panel,
             Index ldb, T* C, Index ldc, bool add) {
    constexpr Index wide = Of<T>::wide;
    for (Index j = 0; j < columns; j += wide) {
        const T* panel_of_B = B + j / wide * panel;
        for (Index i = 0; i < rows; i += ROWS) {
            const T* a = A + i * row;
            T* c = C + i * ldc + j;
            switch (std::min<Index>(ROWS, rows - i)) {
                case 6: block<T, 6>(depth, a, row, step, panel_of_B, ldb, c, ldc, add); break;
                case 5: block<T, 5>(depth, a, row, step, panel_of_B, ldb, c, ldc, add); break;
                case 4: block<T, 4>(depth, a, row, step, panel_of_B, ldb, c, ldc, add); break;
                case 3: block<T, 3>(depth, a, row, step, panel_of_B, ldb, c, ldc, add); break;
                case 2: block<T, 2>(depth, a, row, step, panel_of_B, ldb, c, ldc, add); break;
                default: block<T, 1>(depth, a, row, step, panel_of_B, ldb, c, ldc, add);
            }
        }
    }
}

// The element (k, j) of B, cut into panels of `wide` columns with `depth` rows each.
template <class T>
Index in_panels(Index depth, Index k, Index j) {
    constexpr Index wide = Of<T>::wide;
    return j / wide * wide * depth + k * wide + j % wide;
}

}  // namespace
