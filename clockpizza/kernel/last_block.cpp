// The last block of a deeper network with ReLU, and the loss, for rows of its residual stream at two positions: in one pass
// over a few rows at a time, which stay in a core's cache. The same as the end of `deep_loss` in ../training/deep.py.
//
//   s = sigmoid((k_0 - k_1) q_1)              of each head
//   w_0 = rate s + 1 - rate                   w_1 = rate (1 - s) + 1 - rate
//   mid = x_1 + (w_0 v_0 + w_1 v_1) W_O^T     or x_1 where there are no heads
//   pre = mid C^T + bias                      hidden + outputs wide
//   z = pre[hidden:] + relu(pre[:hidden]) @ M
//   loss = sum over rows of weight (logsumexp z - z[target]), in double precision, over those of z that are logits

#include <memory>

#include "hidden.hpp"
#include "linear.hpp"

namespace {

constexpr Index TILE = 10 * ROWS;  // rows

template <class T>
struct LastBlock {
    Index n, width, heads, d_head, hidden, outputs, logits;
    double rate, weight;                       // weight: of every row
    const T* x;                                // (2, n, width), or (1, n, width) where there are no heads
    const T *W_K, *W_Q, *W_V, *W_O;            // (heads, d_head, width), W_O (width, heads * d_head)
    const T *C, *bias, *M;                     // (hidden + outputs, width), (hidden + outputs), (hidden, outputs)
    const Index* target;
    double* loss;
    T *dx, *dW_K, *dW_Q, *dW_V, *dW_O, *dC, *dbias, *dM;
};

// mid of a tile, and back.
template <class T>
class Attention {
  public:
    explicit Attention(const LastBlock<T>& block)
        : q(block), keys(q.heads * q.d_head, q.width, q.W_K), queries(q.heads * q.d_head, q.width, q.W_Q),
          values(q.heads * q.d_head, q.width, q.W_V), out(q.width, q.heads * q.d_head, q.W_O), H(keys.O),
          scale(T(1 / std::sqrt(double(q.d_head)))), apart(TILE * keys.I), k(TILE * H), query(TILE * H),
          v{std::vector<T>(TILE * H), std::vector<T>(TILE * H)}, z(TILE * H), dz(TILE * H),
          s(TILE * q.heads) {}

    void forward(Index n, const T* x_0, const T* x_1, T* mid) {
        for (Index at = 0; at < n * keys.I; at++) apart[at] = x_0[at] - x_1[at];
        keys.forward(n, apart.data(), k.data(), false);
        queries.forward(n, x_1, query.data(), false);
        values.forward(n, x_0, v[0].data(), false);
        values.forward(n, x_1, v[1].data(), false);
        each_head(n, [&](Index at, T& s) {
            const T* __restrict__ query = &this->query[at];
            const T *__restrict__ k = &this->k[at], *__restrict__ v_0 = &v[0][at], *__restrict__ v_1 = &v[1][at];
            T *__restrict__ z = &this->z[at], score = 0;
#pragma omp simd reduction(+ : score)
            for (Index d = 0; d < q.d_head; d++) score += query[d] * k[d];
            s = 1 / (1 + std::exp(-scale * score));
            const T w_0 = weight(s), w_1 = weight(1 - s);
            for (Index d = 0; d < q.d_head; d++) z[d] = w_0 * v_0[d] + w_1 * v_1[d];
        });
        out.forward(n, z.data(), mid, true);
    }

    // From the gradient of mid to those of x_0 and x_1; what dx_1 has stays.
    void back(Index n, const T* dmid, const T* x_0, const T* x_1, T* dx_0, T* dx_1) {
        out.back(n, dmid, z.data(), dz.data(), false);
        each_head(n, [&](Index at, T& s) {
            const T* __restrict__ dz = &this->dz[at];
            T *__restrict__ query = &this->query[at], *__restrict__ k = &this->k[at];
            T *__restrict__ v_0 = &v[0][at], *__restrict__ v_1 = &v[1][at], slope = 0;
            const T w_0 = weight(s), w_1 = weight(1 - s);
#pragma omp simd reduction(+ : slope)
            for (Index d = 0; d < q.d_head; d++) {
                slope += dz[d] * (v_0[d] - v_1[d]);
                v_0[d] = w_0 * dz[d];
                v_1[d] = w_1 * dz[d];
            }
            slope *= T(q.rate) * s * (1 - s) * scale;
            for (Index d = 0; d < q.d_head; d++) {
                const T dk = slope * query[d];
                query[d] = slope * k[d];
                k[d] = dk;
            }
        });
        // What stood in k, query and v are their gradients now.
        keys.back(n, k.data(), apart.data(), dx_0, false);
        for (Index at = 0; at < n * keys.I; at++) dx_1[at] -= dx_0[at];
        queries.back(n, query.data(), x_1, dx_1, true);
        values.back(n, v[0].data(), x_0, dx_0, true);
        values.back(n, v[1].data(), x_1, dx_1, true);
    }

    void give() const {
        keys.give_dW(q.dW_K);
        queries.give_dW(q.dW_Q);
        values.give_dW(q.dW_V);
        out.give_dW(q.dW_O);
    }

  private:
    const LastBlock<T>& q;
    Linear<T> keys, queries, values, out;
    const Index H;  // from one row of k, query, v and z to the next
    const T scale;
    std::vector<T> apart, k, query, v[2], z, dz, s;

    T weight(T s) const { return T(q.rate) * s + T(1 - q.rate); }

    template <class Work>
    void each_head(Index n, Work work) {
        for (Index r = 0; r < n; r++) {
            for (Index h = 0; h < q.heads; h++) work(r * H + h * q.d_head, s[r * q.heads + h]);
        }
    }
};

template <class T>
void last_block(const LastBlock<T>& q) {
    Hidden<T> layer(q.hidden, q.outputs, q.M, TILE);
    Linear<T> to_hidden(q.hidden, q.width, q.C), to_z(q.outputs, q.width, q.C + q.hidden * q.width);
    const std::unique_ptr<Attention<T>> attention(q.heads ? new Attention<T>(q) : nullptr);
    const Index positions = q.heads ? 2 : 1, last = positions - 1, I = to_z.I, H = layer.H, O = layer.O;
    std::vector<T> x[2], dx[2], mid(TILE * I);
    for (Index j = 0; j < positions; j++) x[j].resize(TILE * I), dx[j].resize(TILE * I);
    *q.loss = 0;
    std::fill_n(q.dbias, q.hidden + q.outputs, T(0));
    for (Index start = 0; start < q.n; start += TILE) {
        const Index n = std::min(TILE, q.n - start);
        const auto row = [&](Index j, Index r) { return (j * q.n + start + r) * q.width; };
        for (Index r = 0; r < n; r++) {
            for (Index j = 0; j < positions; j++) std::copy_n(q.x + row(j, r), q.width, &x[j][r * I]);
            std::copy_n(q.bias, q.hidden, &layer.act[r * H]);
            std::copy_n(q.bias + q.hidden, q.outputs, &layer.z[r * O]);
        }
        mid = x[last];
        if (attention) attention->forward(n, x[0].data(), x[1].data(), mid.data());
        to_hidden.forward(n, mid.data(), layer.act.data(), true);
        to_z.forward(n, mid.data(), layer.z.data(), true);
        layer.forward(n);
        for (Index r = 0; r < n; r++) *q.loss += layer.cross_entropy(r, q.weight, q.target[start + r], q.logits);
        layer.back(n);
        to_hidden.back(n, layer.grad.data(), mid.data(), dx[last].data(), false);
        to_z.back(n, layer.z.data(), mid.data(), dx[last].data(), true);
        for (Index r = 0; r < n; r++) {
            for (Index h = 0; h < q.hidden; h++) q.dbias[h] += layer.grad[r * H + h];
            for (Index o = 0; o < q.outputs; o++) q.dbias[q.hidden + o] += layer.z[r * O + o];
        }
        if (attention) {
            mid = dx[last];
            attention->back(n, mid.data(), x[0].data(), x[1].data(), dx[0].data(), dx[1].data());
        }
        for (Index r = 0; r < n; r++) {
            for (Index j = 0; j < positions; j++) std::copy_n(&dx[j][r * I], q.width, q.dx + row(j, r));
        }
    }
    to_hidden.give_dW(q.dC);
    to_z.give_dW(q.dC + q.hidden * q.width);
    layer.give_dM(q.dM);
    if (attention) attention->give();
}

}  // namespace

extern "C" {
void last_block_float32(const LastBlock<float>* block) { last_block(*block); }
void last_block_float64(const LastBlock<double>* block) { last_block(*block); }
}
