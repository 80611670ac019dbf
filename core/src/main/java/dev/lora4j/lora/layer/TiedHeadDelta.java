package dev.lora4j.lora.layer;

import dev.lora4j.nn.Dropout;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.Parameter;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * LoRA of an output head that shares its weight with an embedding, under PEFT's {@code
 * ensure_weight_tying}: {@code ΔW} is the embedding's, so that both keep one weight. As a linear
 * layer's, A is the embedding's {@code Bᵀ} and B its {@code Aᵀ}.
 */
public final class TiedHeadDelta extends LoraDelta {
  private final EmbeddingDelta source;
  private final Dropout dropout;

  public TiedHeadDelta(Linear head, EmbeddingDelta source, DeltaOptions options) {
    super(head);
    this.source = source;
    dropout = new Dropout(options.dropout());
    child("dropout", dropout);
    if (options.initialization() instanceof Initialization.Standard) {
      startAsLinear();
    }
  }

  /** Initialises A as a linear layer's, which PEFT does last. */
  private void startAsLinear() {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      double bound = 1 / Math.sqrt(source.b().shape()[0]);
      source.b().value().uniform_(-bound, bound, null);
      source.b().changed();
    }
  }

  /** Returns the embedding's delta, whose A and B it uses. */
  public EmbeddingDelta source() {
    return source;
  }

  private Tensor a() {
    return source.effectiveB().t();
  }

  private Tensor b() {
    return source.effectiveA().t();
  }

  /** Returns copies of A and B by the end of their PEFT key, which files repeat. */
  public Map<String, Tensor> copies() {
    try (NoGradGuard guard = new NoGradGuard()) {
      return Map.of("lora_A.weight", a().contiguous(), "lora_B.weight", b().contiguous());
    }
  }

  @Override
  public Tensor addTo(Tensor y, Tensor x) {
    return LowRankProduct.addTo(y, dropout.forward(x), a(), b(), source.scaling(), source.factor());
  }

  @Override
  public void addDeltaTo(Tensor weight, double sign) {
    source.addDeltaTo(weight, sign);
  }

  @Override
  public Map<String, Parameter> tensors() {
    return source.tensors();
  }

  @Override
  public boolean isZero() {
    return source.isZero();
  }

  @Override
  public boolean isRandomNow() {
    return dropout.isActive();
  }
}
