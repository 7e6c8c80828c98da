// A step of AdamW with bias correction and linear warm-up, for the parameters of one run: `AdamW` in ../training/adamw.py.

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace {

template <class T>
struct AdamW {
    std::int64_t n;
    double learning_rate, weight_decay, beta1, beta2, epsilon, steps, warmup;  // steps: with this one
    T* parameter;
    const T* gradient;
    T *first, *second;
};

template <class T>
void adamw(const AdamW<T>& q) {
    const double rate = q.warmup ? q.learning_rate * std::min((q.steps - 1) / q.warmup, 1.0) : q.learning_rate;
    const double root = std::sqrt(1 - std::pow(q.beta2, q.steps));
    // learning_rate (m / c1) / (sqrt(v / c2) + epsilon), both corrections moved into size and epsilon
    const T keep = T(1 - rate * q.weight_decay), epsilon = T(q.epsilon * root);
    const T size = T(rate * root / (1 - std::pow(q.beta1, q.steps)));
    const T toward1 = T(1 - q.beta1), beta2 = T(q.beta2), toward2 = T(1 - q.beta2);
    const T* __restrict__ gradient = q.gradient;
    T *__restrict__ parameter = q.parameter, *__restrict__ first = q.first, *__restrict__ second = q.second;
    for (std::int64_t i = 0; i < q.n; i++) {
        first[i] += toward1 * (gradient[i] - first[i]);
        second[i] = beta2 * second[i] + toward2 * gradient[i] * gradient[i];
        parameter[i] = keep * parameter[i] - size * (first[i] / (std::sqrt(second[i]) + epsilon));
    }
}

}  // namespace

extern "C" {
void adamw_float32(const AdamW<float>* step) { adamw(*step); }
void adamw_float64(const AdamW<double>* step) { adamw(*step); }
}
