package dev.lora4j.llm.decode;

import dev.lora4j.llm.model.AttentionRule;
import dev.lora4j.llm.model.Rope;
import dev.lora4j.llm.model.transformer.DecoderModules;
import dev.lora4j.nn.RmsNorm;
import dev.lora4j.nn.SharedInput;
import dev.lora4j.nn.Slot;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.FusedLinear;
import dev.lora4j.nn.kernel.RmsNormKernel;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/** A layer of a transformer in plain memory. */
record LayerWeights(
    Norms attentionNorms,
    Attention attention,
    Norms feedForwardNorms,
    FeedForwardWeights feedForward) {

  /** Returns the weights of a layer; empty if a module has no decode kernel. */
  static Optional<LayerWeights> of(DecoderModules.Layer modules, List<Rope> ropes, boolean made) {
    Optional<Norms> first = Norms.of(modules.attentionNorms());
    Optional<Attention> attention = Attention.of(modules.attention(), ropes);
    Optional<Norms> second = Norms.of(modules.feedForwardNorms());
    Optional<FeedForwardWeights> feedForward = FeedForwardWeights.of(modules.feedForward(), made);
    boolean plain = Stream.of(first, attention, second, feedForward).allMatch(Optional::isPresent);
    return plain
        ? Optional.of(
            new LayerWeights(first.get(), attention.get(), second.get(), feedForward.get()))
        : Optional.empty();
  }

  Stream<FusedLinear> products() {
    return Stream.concat(
        Stream.of(attention.queryKeyValue(), attention.output()), feedForward.products());
  }

  static Optional<RmsNormKernel> norm(Slot slot) {
    return slot.module() instanceof RmsNorm norm ? norm.decodeWeights() : Optional.empty();
  }

  /** The norms before and after a branch. */
  record Norms(Optional<RmsNormKernel> before, Optional<RmsNormKernel> after) {
    static Optional<Norms> of(DecoderModules.Norms modules) {
      Optional<RmsNormKernel> before = modules.before().flatMap(LayerWeights::norm);
      Optional<RmsNormKernel> after = modules.after().flatMap(LayerWeights::norm);
      boolean plain =
          before.isPresent() == modules.before().isPresent()
              && after.isPresent() == modules.after().isPresent();
      return plain ? Optional.of(new Norms(before, after)) : Optional.empty();
    }

    /** Writes the input of a branch. */
    void before(FloatVector stream, FloatVector input) {
      before.ifPresentOrElse(norm -> norm.apply(stream, input), () -> input.copy(stream));
    }

    /**
     * Returns what a branch adds to the residual stream.
     *
     * @param memory for it, if it is not the branch itself
     */
    FloatVector after(FloatVector branch, FloatVector memory) {
      if (after.isEmpty()) {
        return branch;
      }
      after.get().apply(branch, memory);
      return memory;
    }
  }

  /**
   * Causal attention.
   *
   * @param rope index of the layer's rotations
   */
  record Attention(
      FusedLinear queryKeyValue,
      int heads,
      int groups,
      int headDim,
      Optional<HeadNorms> headNorms,
      OptionalInt rope,
      AttentionRule rule,
      FusedLinear output) {

    static Optional<Attention> of(DecoderModules.Attention modules, List<Rope> ropes) {
      Optional<FusedLinear> queryKeyValue = modules.queryKeyValue().decodeWeights();
      Optional<FusedLinear> output = new SharedInput(modules.output()).decodeWeights();
      Optional<HeadNorms> headNorms = modules.headNorms().flatMap(HeadNorms::of);
      boolean plain =
          queryKeyValue.isPresent()
              && output.isPresent()
              && headNorms.isPresent() == modules.headNorms().isPresent();
      return plain
          ? Optional.of(
              new Attention(
                  queryKeyValue.get(),
                  modules.heads(),
                  modules.groups(),
                  modules.headDim(),
                  headNorms,
                  modules
                      .rope()
                      .map(ropes::indexOf)
                      .map(OptionalInt::of)
                      .orElse(OptionalInt.empty()),
                  modules.rule(),
                  output.get()))
          : Optional.empty();
    }

    /** Elements of all query heads. */
    int queries() {
      return heads * headDim;
    }

    /** Index of the first value in a row of queries, keys and values. */
    int values() {
      return queries() + groups * headDim;
    }

    /** Normalises and rotates the queries and keys of a row, in place. */
    void prepare(FloatVector row, List<DecoderWeights.Rotation> rotations) {
      headNorms.ifPresent(norms -> norms.apply(row, queries(), values()));
      rope.ifPresent(index -> rotations.get(index).apply(row, queries(), values()));
    }

    /** Number of tokens that the one at a position attends to, itself included. */
    int seen(int position) {
      return (int) Math.min(position + 1L, rule.window().orElse(position + 1L));
    }
  }

  /** The norms of queries and keys. */
  record HeadNorms(RmsNormKernel query, RmsNormKernel key) {
    static Optional<HeadNorms> of(DecoderModules.HeadNorms modules) {
      return norm(modules.query())
          .flatMap(query -> norm(modules.key()).map(key -> new HeadNorms(query, key)));
    }

    /** Normalises the queries before one index of a row and the keys before another, in place. */
    void apply(FloatVector heads, int queries, int values) {
      query.applyToParts(heads, 0, queries);
      key.applyToParts(heads, queries, values);
    }
  }
}
