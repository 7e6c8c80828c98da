// exp in double precision, several at once, which the C library has for one number only.

#pragma once

#include <cstring>

#include "product.hpp"

namespace {

// e^x - for x = k log 2 + r, |r| <= log(2) / 2, it is 2^k times a Taylor series - to 2 units in the last place; 0 below
// -708, where the C library's soon is; x is at most 0, or NaN.
inline Of<double>::V exponential(Of<double>::V x) {
    typedef Of<double>::V V;
    typedef std::int64_t Bits __attribute__((vector_size(VECTOR)));
    constexpr double to_integer = 6755399441055744.0;  // 1.5 2^52: what is added to it loses its fraction
    const V shifted = x * 1.4426950408889634 + to_integer, k = shifted - to_integer;
    const V r = x - k * 0.693147180369123816490 - k * 1.90821492927058770002e-10;  // log 2 in two parts
    V sum = V{} + 1.0 / 6227020800;  // 1 / 13!
    for (double inverse : {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
                           1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0}) {
        sum = sum * r + inverse;
    }
    Bits bits, power;
    std::memcpy(&bits, &sum, sizeof bits);
    std::memcpy(&power, &shifted, sizeof power);
    bits += power << 52;  // k to the exponent
    V scaled;
    std::memcpy(&scaled, &bits, sizeof scaled);
    scaled = x < -708.0 ? V{} : scaled;
    return x == x ? scaled : x;
}

}  // namespace
