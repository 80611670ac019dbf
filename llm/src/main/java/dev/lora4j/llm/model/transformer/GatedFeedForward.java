package dev.lora4j.llm.model.transformer;

import dev.lora4j.nn.Linear;
import dev.lora4j.nn.SharedInput;
import dev.lora4j.nn.Slot;
import dev.lora4j.nn.kernel.GatedActivation;
import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** A gated unit (Shazeer 2020, arXiv:2002.05202): {@code down(f(gate(x)) · up(x))}. */
public final class GatedFeedForward extends FeedForward {
  private final GatedActivation activation;
  private final int intermediateSize;
  private final SharedInput gateAndUp;
  private final Slot down;

  /** Three layers: {@code gate_proj}, {@code up_proj}, {@code down_proj}. */
  public static GatedFeedForward of(
      int hiddenSize, int intermediateSize, boolean biased, GatedActivation activation) {
    return new GatedFeedForward(hiddenSize, intermediateSize, biased, activation, false);
  }

  /**
   * Two layers without biases: {@code gate_up_proj}, with the gates first, and {@code down_proj}.
   */
  public static GatedFeedForward fused(
      int hiddenSize, int intermediateSize, GatedActivation activation) {
    return new GatedFeedForward(hiddenSize, intermediateSize, false, activation, true);
  }

  private GatedFeedForward(
      int hidden, int intermediate, boolean biased, GatedActivation activation, boolean fused) {
    this.activation = activation;
    intermediateSize = intermediate;
    gateAndUp =
        fused
            ? new SharedInput(child("gate_up_proj", Linear.withoutBias(hidden, 2L * intermediate)))
            : new SharedInput(
                child("gate_proj", SelfAttention.linear(hidden, intermediate, biased)),
                child("up_proj", SelfAttention.linear(hidden, intermediate, biased)));
    down = child("down_proj", SelfAttention.linear(intermediate, hidden, biased));
  }

  @Override
  public Tensor forward(Tensor x) {
    List<Tensor> gateAndUps =
        SelfAttention.parts(gateAndUp.forward(x), intermediateSize, intermediateSize);
    return down.forward(Ops.gated(activation, gateAndUps.get(0), gateAndUps.get(1)));
  }

  @Override
  DecoderModules.FeedForward modules() {
    return new DecoderModules.Gated(gateAndUp, down, activation);
  }
}
