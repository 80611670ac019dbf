package dev.lora4j.llm.decode;

import dev.lora4j.llm.model.transformer.DecoderModules;
import dev.lora4j.nn.SharedInput;
import dev.lora4j.nn.kernel.FusedLinear;
import dev.lora4j.nn.kernel.GatedActivation;
import java.util.Optional;
import java.util.stream.Stream;

/** The feed-forward of a layer in plain memory. */
sealed interface FeedForwardWeights permits FeedForwardWeights.Gated, ExpertWeights {

  /** Number of gates and inner projections. */
  int gatesAndUps();

  GatedActivation activation();

  Stream<FusedLinear> products();

  /**
   * Returns the weights of a feed-forward; empty if a module has no decode kernel.
   *
   * @param made whether weights of experts with adapters are made in the caller's pointer scope
   */
  static Optional<FeedForwardWeights> of(DecoderModules.FeedForward modules, boolean made) {
    if (modules instanceof DecoderModules.Gated gated) {
      Optional<FusedLinear> down = new SharedInput(gated.down()).decodeWeights();
      return gated
          .gateAndUp()
          .decodeWeights()
          .flatMap(inner -> down.map(outer -> new Gated(inner, outer, gated.activation())));
    }
    return ExpertWeights.of((DecoderModules.Experts) modules, made).map(experts -> experts);
  }

  /** {@code down(f(gate(x)) · up(x))}. */
  record Gated(FusedLinear gateAndUp, FusedLinear down, GatedActivation activation)
      implements FeedForwardWeights {

    @Override
    public int gatesAndUps() {
      return gateAndUp.outputs();
    }

    @Override
    public Stream<FusedLinear> products() {
      return Stream.of(gateAndUp, down);
    }
  }
}
