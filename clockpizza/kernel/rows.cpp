// The last hidden layer of ReLU of a deeper network, with the loss, for rows of its residual stream x: in one pass over a
// few rows at a time, which stay in a core's cache. The same as the end of `deep_loss` in ../training/deep.py.
//
//   pre = x C^T + bias                              hidden + width wide
//   z = pre[hidden:] + relu(pre[:hidden]) @ M       the logits, filled up to `width`
//   loss = sum over rows of weight (logsumexp z - z[target]), in double precision

#include "hidden.hpp"

namespace {

constexpr Index TILE = 64;  // rows

template <class T>
struct Rows {
    Index n, inputs, hidden, width, outputs;
    const T *x, *C, *bias, *M;  // (n, inputs), (hidden + width, inputs), (hidden + width), (hidden, width)
    double weight;              // of every row
    const Index* target;
    double* loss;
    T *dx, *dC, *dbias, *dM;
};

template <class T>
void rows_loss(const Rows<T>& q) {
    constexpr Index wide = Of<T>::wide;
    Hidden<T> layer(q.hidden, q.width, q.M, TILE);
    const Index F = q.hidden + q.width, H = layer.H, O = layer.O, I = Of<T>::padded(q.inputs);
    std::vector<T> to_hidden(q.inputs * H), to_z(q.inputs * O);     // C^T in panels
    std::vector<T> from_hidden(q.hidden * I), from_z(q.width * I);  // C in panels
    std::vector<T> x(TILE * I), dx(TILE * I), dC(F * I);
    for (Index i = 0; i < q.inputs; i++) {
        for (Index h = 0; h < q.hidden; h++) {
            to_hidden[in_panels<T>(q.inputs, i, h)] = from_hidden[in_panels<T>(q.hidden, h, i)] = q.C[h * q.inputs + i];
        }
        for (Index o = 0; o < q.width; o++) {
            to_z[in_panels<T>(q.inputs, i, o)] = from_z[in_panels<T>(q.width, o, i)] = q.C[(q.hidden + o) * q.inputs + i];
        }
    }
    *q.loss = 0;
    std::fill_n(q.dbias, F, T(0));
    for (Index start = 0; start < q.n; start += TILE) {
        const Index n = std::min(TILE, q.n - start);
        for (Index r = 0; r < n; r++) {
            std::copy_n(q.x + (start + r) * q.inputs, q.inputs, &x[r * I]);
            std::copy_n(q.bias, q.hidden, &layer.act[r * H]);
            std::copy_n(q.bias + q.hidden, q.width, &layer.z[r * O]);
        }
        product<T>(n, H, q.inputs, x.data(), I, 1, to_hidden.data(), wide * q.inputs, wide, layer.act.data(), H, true);
        product<T>(n, O, q.inputs, x.data(), I, 1, to_z.data(), wide * q.inputs, wide, layer.z.data(), O, true);
        layer.forward(n);
        for (Index r = 0; r < n; r++) *q.loss += layer.cross_entropy(r, q.weight, q.target[start + r], q.outputs);
        layer.back(n);
        const T *grad = layer.grad.data(), *dz = layer.z.data();
        product<T>(n, I, q.hidden, grad, H, 1, from_hidden.data(), wide * q.hidden, wide, dx.data(), I, false);
        product<T>(n, I, q.width, dz, O, 1, from_z.data(), wide * q.width, wide, dx.data(), I, true);
        product<T>(q.hidden, I, n, grad, 1, H, x.data(), wide, I, dC.data(), I, true);
        product<T>(q.width, I, n, dz, 1, O, x.data(), wide, I, &dC[q.hidden * I], I, true);
        for (Index r = 0; r < n; r++) {
            std::copy_n(&dx[r * I], q.inputs, q.dx + (start + r) * q.inputs);
            for (Index h = 0; h < q.hidden; h++) q.dbias[h] += grad[r * H + h];
            for (Index o = 0; o < q.width; o++) q.dbias[q.hidden + o] += dz[r * O + o];
        }
    }
    for (Index f = 0; f < F; f++) std::copy_n(&dC[f * I], q.inputs, q.dC + f * q.inputs);
    layer.give_dM(q.dM);
}

}  // namespace

extern "C" {
void rows_loss_float32(const Rows<float>* problem) { rows_loss(*problem); }
void rows_loss_float64(const Rows<double>* problem) { rows_loss(*problem); }
}
