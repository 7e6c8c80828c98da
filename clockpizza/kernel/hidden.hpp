// A hidden layer of ReLU for the few rows of a tile, which stay in a core's cache: z += relu(h) M, and back.

#pragma once

#include <cmath>
#include <vector>

#include "exponential.hpp"
#include "product.hpp"

namespace {

template <class T>
class Hidden {
    static constexpr Index wide = Of<T>::wide;

  public:
    // M (hidden, width), `most` rows at a time.
    Hidden(Index hidden, Index width, const T* M, Index most)
        : hidden(hidden), width(width), H(Of<T>::padded(hidden)), O(Of<T>::padded(width)), act(most * H), grad(most * H),
          z(most * O), M(hidden * O), Mt(width * H), dM(hidden * O), e(Of<double>::padded(width)) {
        for (Index h = 0; h < hidden; h++) {
            for (Index o = 0; o < width; o++) {
                this->M[in_panels<T>(hidden, h, o)] = Mt[in_panels<T>(width, o, h)] = M[h * width + o];
            }
        }
    }

    const Index hidden, width, H, O;  // H and O: from one row of act and grad, and of z, to the next
    std::vector<T> act, grad, z;

    // Pre-activations in act, and what reaches z beside them in z.
    void forward(Index n) {
        activate(n);
        product<T>(n, O, hidden, act.data(), H, 1, M.data(), wide * hidden, wide, z.data(), O, true);
    }

    void activate(Index n) {
        for (Index r = 0; r < n; r++) {
            T* x = &act[r * H];
            for (Index h = 0; h < hidden; h++) x[h] = x[h] <= 0 ? 0 : x[h];  // NaN stays NaN
        }
    }

    // From the gradient, in z, to M's, and to that of pre-activations, in grad.
    void back(Index n) {
        product<T>(hidden, O, n, act.data(), 1, H, z.data(), wide, O, dM.data(), O, true);
        product<T>(n, H, width, z.data(), O, 1, Mt.data(), wide * width, wide, grad.data(), H, false);
        for (Index r = 0; r < n; r++) {
            const T* x = &act[r * H];
            T* g = &grad[r * H];
            for (Index h = 0; h < hidden; h++) g[h] = x[h] <= 0 ? 0 : g[h];
        }
    }

    // weight (logsumexp z - z[target]) of a row, in double precision; z becomes its gradient.
    double cross_entropy(Index r, double weight, Index target, Index outputs) {
        T* logits = &z[r * O];
        constexpr Index lanes = Of<double>::lanes;
        const double largest = *std::max_element(logits, logits + outputs);
        double total = 0;
        for (Index c = 0; c < outputs; c++) e[c] = logits[c] - largest;
        for (Index c = 0; c < outputs; c += lanes) {
            auto* const several = (Of<double>::V*)&e[c];
            *several = exponential(*several);
        }
        for (Index c = 0; c < outputs; c++) total += e[c];
        const double loss = weight * (std::log(total) + largest - logits[target]);
        const double each = weight / total;
        for (Index c = 0; c < outputs; c++) logits[c] = T(each * e[c]);
        logits[target] = T(each * e[target] - weight);
        std::fill(logits + outputs, logits + O, T(0));
        return loss;
    }

    void give_dM(T* to) const {
        for (Index h = 0; h < hidden; h++) std::copy_n(&dM[h * O], width, to + h * width);
    }

  private:
    std::vector<T> M, Mt, dM;  // M and its transpose in panels
    std::vector<double> e;     // exponentials of a row
};

}  // namespace
