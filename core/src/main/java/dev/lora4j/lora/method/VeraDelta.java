package dev.lora4j.lora.method;

import dev.lora4j.lora.layer.DeltaOptions;
import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.WeightedLayer;
import dev.lora4j.nn.kernel.Ops;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/**
 * VeRA of a linear layer: {@code ΔW = diag(b) B diag(d) A} with the shared matrices A and B (VeRA
 * paper, §3, eq. 2). Only the vectors b, {@code [out]}, and d, {@code [rank]}, are trained; a new b
 * is zero.
 */
final class VeraDelta extends LoraDelta {
  private final VeraProjection shared;
  private final long in;
  private final long out;
  private final Parameter b;
  private final Parameter d;
  private final Dropout dropout;

  VeraDelta(WeightedLayer base, VeraProjection shared, DeltaOptions options, double dInitial) {
    super(base);
    this.shared = shared;
    in = base.inFeatures();
    out = base.outFeatures();
    b = parameter("vera_lambda_b", Ops.zeros(out));
    d = parameter("vera_lambda_d", filled(options.rank(), dInitial));
    dropout = new Dropout(options.dropout());
    child("dropout", dropout);
    to(base.store().device());
  }

  private static Tensor filled(long size, double value) {
    return torch.full(
        new long[] {size}, new Scalar(value), new TensorOptions(torch.ScalarType.Float));
  }

  @Override
  public Tensor addTo(Tensor y, Tensor x) {
    Tensor h = Ops.linear(dropout.forward(x), shared.a(in), null).mul(d.tensor()); // d ∘ A x
    return y.add(Ops.linear(h, shared.b(out), null).mul(b.tensor())); // y + b ∘ B (d ∘ A x)
  }

  @Override
  public void addDeltaTo(Tensor weight, double sign) {
    Tensor up = b.tensor().unsqueeze(1).mul(shared.b(out));
    Tensor down = d.tensor().unsqueeze(1).mul(shared.a(in));
    asMatrix(weight).add_(up.mm(down), new Scalar(sign));
  }

  @Override
  public Map<String, Parameter> tensors() {
    Map<String, Parameter> tensors = new LinkedHashMap<>();
    tensors.put("vera_lambda_b", b);
    tensors.put("vera_lambda_d", d);
    return tensors;
  }

  @Override
  public boolean isZero() {
    return b.isZero();
  }

  @Override
  public boolean isRandomNow() {
    return dropout.isActive();
  }
}
