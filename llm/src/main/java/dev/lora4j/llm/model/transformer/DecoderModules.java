package dev.lora4j.llm.model.transformer;

import dev.lora4j.llm.model.AttentionRule;
import dev.lora4j.llm.model.LogitTransform;
import dev.lora4j.llm.model.Rope;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.SharedInput;
import dev.lora4j.nn.Slot;
import dev.lora4j.nn.kernel.GatedActivation;
import java.util.List;
import java.util.Optional;

/** The modules of a transformer, for decoders that do not run the model's forward. */
public record DecoderModules(
    Slot embedding,
    double embeddingMultiplier,
    List<Layer> layers,
    double residualMultiplier,
    Slot norm,
    Slot head,
    LogitTransform logitTransform) {

  public DecoderModules {
    layers = List.copyOf(layers);
  }

  /** A model that consists of such modules. */
  public interface Owner {
    DecoderModules modules();
  }

  /** A layer: two branches, each added to the residual stream. */
  public record Layer(
      Norms attentionNorms, Attention attention, Norms feedForwardNorms, FeedForward feedForward) {}

  /** The RMSNorms before and after a branch, if it has them. */
  public record Norms(Optional<Slot> before, Optional<Slot> after) {}

  /**
   * Causal attention.
   *
   * @param queryKeyValue the projections to queries, keys and values, in one product or in three
   * @param headNorms norms of queries and keys, if the model has them
   * @param rope rotary position embeddings, if the layer has them
   * @param output the output projection
   */
  public record Attention(
      SharedInput queryKeyValue,
      int heads,
      int groups,
      int headDim,
      Optional<HeadNorms> headNorms,
      Optional<Rope> rope,
      AttentionRule rule,
      Slot output) {}

  /** The RMSNorms of queries and keys: of each head, or of all heads together, by their size. */
  public record HeadNorms(Slot query, Slot key) {}

  /** The feed-forward of a layer. */
  public sealed interface FeedForward {}

  /**
   * {@code down(f(gate(x)) · up(x))}.
   *
   * @param gateAndUp the inner projections, in one product or in two, the gate first
   */
  public record Gated(SharedInput gateAndUp, Slot down, GatedActivation activation)
      implements FeedForward {}

  /**
   * A sparse mixture of experts; see {@link SparseExperts}.
   *
   * @param router {@code [experts, hidden]}
   * @param gateAndUp {@code [experts, 2 · intermediate, hidden]}
   * @param down {@code [experts, hidden, intermediate]}
   */
  public record Experts(ExpertsConfig config, Parameter router, Parameter gateAndUp, Parameter down)
      implements FeedForward {}
}
