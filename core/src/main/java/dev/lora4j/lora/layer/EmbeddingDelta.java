package dev.lora4j.lora.layer;

import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Init;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** LoRA of an embedding: {@code B Aᵀ[i]}. As in PEFT a new A is zero and B is {@code N(0, 1)}. */
public final class EmbeddingDelta extends FactoredDelta {
  private final Embedding base;
  private final Parameter a; // [rank, embeddings]
  private final Parameter b; // [dim, rank]

  public EmbeddingDelta(Embedding base, DeltaOptions options) {
    super(base, options.rank(), options.scaling(), 0); // an index can't be dropped
    this.base = base;
    long[] shape = base.store().shape();
    a = parameter("embedding_A", Ops.zeros(options.rank(), shape[0]));
    b = parameter("embedding_B", Init.normal(0, 1, shape[1], options.rank()));
  }

  @Override
  Tensor applyA(Tensor indices, Tensor a) {
    return base.forwardWith(indices, a.t(), null);
  }

  @Override
  Tensor applyB(Tensor y, Tensor h, Tensor b, Scalar scale) {
    return y.add(h.matmul(b.t()), scale);
  }

  @Override
  public Parameter a() {
    return a;
  }

  @Override
  public Parameter b() {
    return b;
  }

  @Override
  Optional<Parameter> biasOfB() {
    return Optional.empty();
  }

  @Override
  Map<String, Parameter> factors() {
    Map<String, Parameter> factors = new LinkedHashMap<>();
    factors.put("lora_embedding_A", a);
    factors.put("lora_embedding_B", b);
    return factors;
  }
}
