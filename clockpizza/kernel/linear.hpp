// y = x W^T for the few rows of a tile, and back.

#pragma once

#include <vector>

#include "product.hpp"

namespace {

template <class T>
class Linear {
    static constexpr Index wide = Of<T>::wide;

  public:
    // W (out, in).
    Linear(Index out, Index in, const T* W)
        : out(out), in(in), O(Of<T>::padded(out)), I(Of<T>::padded(in)), W(out * I), Wt(in * O), dW(out * I) {
        for (Index o = 0; o < out; o++) {
            for (Index i = 0; i < in; i++) {
                this->W[in_panels<T>(out, o, i)] = Wt[in_panels<T>(in, i, o)] = W[o * in + i];
            }
        }
    }

    const Index out, in, O, I;  // O and I: from one row of y and x to the next

    void forward(Index n, const T* x, T* y, bool add) const {
        product<T>(n, O, in, x, I, 1, Wt.data(), wide * in, wide, y, O, add);
    }

    // From the gradient of y to W's, summed, and x's.
    void back(Index n, const T* dy, const T* x, T* dx, bool add) {
        product<T>(out, I, n, dy, 1, O, x, wide, I, dW.data(), I, true);
        product<T>(n, I, out, dy, O, 1, W.data(), wide * out, wide, dx, I, add);
    }

    void give_dW(T* to) const {
        for (Index o = 0; o < out; o++) std::copy_n(&dW[o * I], in, to + o * in);
    }

  private:
    std::vector<T> W, Wt, dW;  // W and its transpose in panels
};

}  // namespace
