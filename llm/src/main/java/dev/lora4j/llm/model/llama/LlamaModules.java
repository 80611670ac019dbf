package dev.lora4j.llm.model.llama;

import dev.lora4j.llm.model.LogitTransform;
import dev.lora4j.llm.model.Rope;
import dev.lora4j.nn.SharedInput;
import dev.lora4j.nn.Slot;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** The modules of a Llama-like network, for decoders that do not run the model's forward. */
public record LlamaModules(
    Slot embedding,
    double embeddingMultiplier,
    Rope rope,
    List<Block> blocks,
    double residualMultiplier,
    Slot norm,
    Slot head,
    LogitTransform logitTransform) {

  public LlamaModules {
    blocks = List.copyOf(blocks);
  }

  /** A model that consists of such modules. */
  public interface Owner {
    LlamaModules modules();
  }

  /**
   * A decoder layer.
   *
   * @param inputNorm RMSNorm before the attention
   * @param queryKeyValue the projections to queries, keys and values
   * @param headNorms norms of each query and key head, if the model has them (Qwen3)
   * @param window number of tokens that each one attends to, itself included; empty for all
   * @param output the attention's output projection
   * @param postAttentionNorm RMSNorm before the feed-forward
   * @param gateAndUp the feed-forward's two inner projections
   * @param down the feed-forward's outer projection
   */
  public record Block(
      Slot inputNorm,
      SharedInput queryKeyValue,
      Optional<HeadNorms> headNorms,
      OptionalLong window,
      Slot output,
      Slot postAttentionNorm,
      SharedInput gateAndUp,
      Slot down) {}

  /** The RMSNorms of each query head and each key head. */
  public record HeadNorms(Slot query, Slot key) {}
}
