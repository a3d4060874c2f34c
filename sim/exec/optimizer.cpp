// One fused pass over param, gradient and velocity.
#include "sim/exec/optimizer.h"

#include "sim/tensor/array.h"

namespace mxcheck::exec {

using tensor::Tensor;

Tensor sgd(const Tensor& param, const Tensor& grad, const graph::Optimizer& optimizer,
           std::optional<Tensor>& velocity) {
  return numerics::dispatch(param.dtype(), [&](auto arithmetic) {
    using A = decltype(arithmetic);
    using V = typename A::Value;
    std::vector<V> p = tensor::load<A>(param);
    std::vector<V> step = tensor::load<A>(grad);
    const V rate = A::round(static_cast<V>(optimizer.learning_rate));
    if (optimizer.momentum) {
      const V momentum = A::round(static_cast<V>(*optimizer.momentum));
      std::vector<V> v(step.size(), V(0));
      if (velocity) v = tensor::load<A>(*velocity);
      for (std::size_t i = 0; i < v.size(); ++i) {
        v[i] = A::round(A::round(v[i] * momentum) + step[i]);
      }
      velocity = tensor::store<A>(v, param.shape());
      step = v;
    }
    for (std::size_t i = 0; i < p.size(); ++i) p[i] = A::round(p[i] - A::round(step[i] * rate));
    return tensor::store<A>(p, param.shape());
  });
}

}  // namespace mxcheck::exec
