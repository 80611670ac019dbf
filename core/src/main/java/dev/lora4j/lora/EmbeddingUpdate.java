package dev.lora4j.lora;

import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.Parameter;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** The update of an embedding: a row of {@code Aᵀ} is looked up, then mapped by B. */
final class EmbeddingUpdate extends Update {
  private final Embedding base;
  private final Parameter a; // [rank, embeddings]
  private final Parameter b; // [dim, rank]

  /** A is zero and B {@code N(0, 1)}: the other way round than in other layers, as in PEFT. */
  EmbeddingUpdate(Embedding base, int rank, double scaling) {
    super(base, rank, scaling, 0); // an index can't be dropped
    this.base = base;
    long[] shape = base.store().shape();
    a = parameter("embedding_A", Ops.zeros(rank, shape[0]));
    b = parameter("embedding_B", torch.randn(shape[1], rank));
  }

  @Override
  Tensor down(Tensor indices, Tensor a) {
    return base.forwardWith(indices, a.t(), null);
  }

  @Override
  Tensor addUp(Tensor y, Tensor h, Tensor b, Scalar scale) {
    return y.add(h.matmul(b.t()), scale);
  }

  @Override
  Parameter a() {
    return a;
  }

  @Override
  Parameter b() {
    return b;
  }

  @Override
  Map<String, Parameter> factors() {
    Map<String, Parameter> factors = new LinkedHashMap<>();
    factors.put("lora_embedding_A", a);
    factors.put("lora_embedding_B", b);
    return factors;
  }

  @Override
  @Nullable Parameter biasOfB() {
    return null;
  }
}
