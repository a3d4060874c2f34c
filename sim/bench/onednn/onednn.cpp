// oneDNN's int8 matrix product and convolution, set up once, run many times, one thread.
#include <omp.h>

#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sim/bench/onednn/onednn_plugin.h"

namespace {

using dnnl::memory;

struct Plan {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::primitive primitive;
  memory lhs, rhs, out;
};

struct IsaName {
  std::string_view ours;
  dnnl::cpu_isa theirs;
  const char* name;
};
constexpr IsaName kIsas[] = {{"scalar", dnnl::cpu_isa::sse41, "sse41"},
                             {"avx2", dnnl::cpu_isa::avx2, "avx2"},
                             {"avx_vnni", dnnl::cpu_isa::avx2_vnni, "avx2_vnni"},
                             {"avx512_vnni", dnnl::cpu_isa::avx512_core_vnni, "avx512_core_vnni"}};

memory packed(Plan& plan, const memory::desc& from, const memory::desc& to, const void* data) {
  memory source(from, plan.engine, const_cast<void*>(data));
  memory target(to, plan.engine);
  dnnl::reorder(source, target).execute(plan.stream, source, target);
  plan.stream.wait();
  return target;
}

}  // namespace

const char* mxcheck_onednn_version() {
  static const std::string kText = std::to_string(dnnl::version()->major) + "." +
                                   std::to_string(dnnl::version()->minor) + "." +
                                   std::to_string(dnnl::version()->patch);
  return kText.c_str();
}

const char* mxcheck_onednn_limit(const char* isa) try {
  for (const IsaName& one : kIsas) {
    if (one.ours == isa) static_cast<void>(dnnl::set_max_cpu_isa(one.theirs));
  }
  for (const IsaName& one : kIsas) {
    if (one.theirs == dnnl::get_effective_cpu_isa()) return one.name;
  }
  return "its own choice";
} catch (const dnnl::error&) {
  return "its own choice";
}

void* mxcheck_onednn_matmul(std::int64_t m, std::int64_t k, std::int64_t n, int lhs_signed,
                            const std::int8_t* rhs) try {
  omp_set_num_threads(1);
  auto* plan = new Plan;
  using Type = memory::data_type;
  const memory::desc lhs({m, k}, lhs_signed != 0 ? Type::s8 : Type::u8, memory::format_tag::ab);
  const memory::desc any({k, n}, Type::s8, memory::format_tag::any);
  const memory::desc out({m, n}, Type::s32, memory::format_tag::ab);
  const dnnl::matmul::primitive_desc desc(dnnl::matmul::desc(lhs, any, out), plan->engine);
  plan->rhs = packed(*plan, memory::desc({k, n}, Type::s8, memory::format_tag::ab),
                     desc.weights_desc(), rhs);
  plan->lhs = memory(lhs, plan->engine, nullptr);
  plan->out = memory(out, plan->engine, nullptr);
  plan->primitive = dnnl::matmul(desc);
  return plan;
} catch (const dnnl::error&) {
  return nullptr;
}

void* mxcheck_onednn_convolution(const mxcheck_onednn_conv* s, const std::int8_t* kernel) try {
  omp_set_num_threads(1);
  auto* plan = new Plan;
  using Type = memory::data_type;
  using Tag = memory::format_tag;
  const std::int64_t out_height = s->height + 2 * s->padding - s->kernel + 1;
  const std::int64_t out_width = s->width + 2 * s->padding - s->kernel + 1;
  const memory::desc lhs({s->batch, s->in_channels, s->height, s->width}, Type::s8, Tag::nhwc);
  const memory::dims kernel_dims = {s->out_channels, s->in_channels, s->kernel, s->kernel};
  const memory::desc any(kernel_dims, Type::s8, Tag::any);
  const memory::desc out({s->batch, s->out_channels, out_height, out_width}, Type::s32, Tag::nhwc);
  const memory::dims pad = {s->padding, s->padding};
  const dnnl::convolution_forward::primitive_desc desc(
      dnnl::convolution_forward::desc(dnnl::prop_kind::forward_inference,
                                      dnnl::algorithm::convolution_direct, lhs, any, out, {1, 1},
                                      pad, pad),
      plan->engine);
  plan->rhs =
      packed(*plan, memory::desc(kernel_dims, Type::s8, Tag::hwio), desc.weights_desc(), kernel);
  plan->lhs = memory(lhs, plan->engine, nullptr);
  plan->out = memory(out, plan->engine, nullptr);
  plan->primitive = dnnl::convolution_forward(desc);
  return plan;
} catch (const dnnl::error&) {
  return nullptr;
}

void mxcheck_onednn_run(void* plan, const void* lhs, std::int32_t* out) {
  auto& p = *static_cast<Plan*>(plan);
  p.lhs.set_data_handle(const_cast<void*>(lhs));
  p.out.set_data_handle(out);
  p.primitive.execute(p.stream,
                      {{DNNL_ARG_SRC, p.lhs}, {DNNL_ARG_WEIGHTS, p.rhs}, {DNNL_ARG_DST, p.out}});
  p.stream.wait();
}

void mxcheck_onednn_free(void* plan) { delete static_cast<Plan*>(plan); }
