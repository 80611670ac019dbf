package dev.lora4j.llm.decode;

import dev.lora4j.llm.model.LogitTransform;
import dev.lora4j.llm.model.Rope;
import dev.lora4j.llm.model.llama.LlamaModules;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.RmsNorm;
import dev.lora4j.nn.SharedInput;
import dev.lora4j.nn.Slot;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.FusedLinear;
import dev.lora4j.nn.kernel.LinearWeights;
import dev.lora4j.nn.kernel.RmsNormKernel;
import dev.lora4j.nn.kernel.WeightMatrix;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** The weights of a Llama-like model in plain memory, with the adapters of the calling thread. */
record LlamaWeights(
    WeightMatrix embedding,
    float embeddingMultiplier,
    Rope rope,
    List<Block> blocks,
    float residualMultiplier,
    RmsNormKernel norm,
    FusedLinear head,
    LogitTransform logitTransform) {

  /** A decoder layer in plain memory. */
  record Block(
      RmsNormKernel inputNorm,
      FusedLinear queryKeyValue,
      Optional<HeadNorms> headNorms,
      OptionalLong window,
      FusedLinear output,
      RmsNormKernel postAttentionNorm,
      FusedLinear gateAndUp,
      FusedLinear down) {

    static Optional<Block> of(LlamaModules.Block modules) {
      Optional<RmsNormKernel> first = norm(modules.inputNorm());
      Optional<RmsNormKernel> second = norm(modules.postAttentionNorm());
      Optional<FusedLinear> queryKeyValue = modules.queryKeyValue().decodeWeights();
      Optional<FusedLinear> output = new SharedInput(modules.output()).decodeWeights();
      Optional<FusedLinear> gateAndUp = modules.gateAndUp().decodeWeights();
      Optional<FusedLinear> down = new SharedInput(modules.down()).decodeWeights();
      Optional<HeadNorms> headNorms = modules.headNorms().flatMap(HeadNorms::of);
      boolean plain =
          Stream.of(first, second, queryKeyValue, output, gateAndUp, down)
                  .allMatch(Optional::isPresent)
              && headNorms.isPresent() == modules.headNorms().isPresent();
      return plain
          ? Optional.of(
              new Block(
                  first.get(),
                  queryKeyValue.get(),
                  headNorms,
                  modules.window(),
                  output.get(),
                  second.get(),
                  gateAndUp.get(),
                  down.get()))
          : Optional.empty();
    }
  }

  /** The norms of query heads and key heads. */
  record HeadNorms(RmsNormKernel query, RmsNormKernel key) {
    static Optional<HeadNorms> of(LlamaModules.HeadNorms modules) {
      return norm(modules.query())
          .flatMap(query -> norm(modules.key()).map(key -> new HeadNorms(query, key)));
    }

    /** Normalises the queries before one index of a row and the keys before another, in place. */
    void apply(FloatVector heads, int queries, int values) {
      query.applyToParts(heads, 0, queries);
      key.applyToParts(heads, queries, values);
    }
  }

  private static Optional<RmsNormKernel> norm(Slot slot) {
    return slot.module() instanceof RmsNorm norm ? norm.decodeWeights() : Optional.empty();
  }

  /** Returns the table of an embedding; empty if an active adapter adds to it. */
  private static Optional<WeightMatrix> table(Module module) {
    Module bare =
        module instanceof LoraLayer layer && layer.active().of(layer).isEmpty()
            ? layer.pretrained()
            : module;
    return bare instanceof Embedding embedding
        ? embedding.store().decodeWeights(Optional.empty()).map(LinearWeights::weight)
        : Optional.empty();
  }

  /** Returns the weights of these modules; empty if one of them has no decode kernel. */
  static Optional<LlamaWeights> of(LlamaModules modules) {
    Optional<WeightMatrix> table = table(modules.embedding().module());
    List<Block> blocks =
        modules.blocks().stream().flatMap(block -> Block.of(block).stream()).toList();
    Optional<RmsNormKernel> norm = norm(modules.norm());
    Optional<FusedLinear> head = new SharedInput(modules.head()).decodeWeights();
    boolean plain =
        table.isPresent()
            && blocks.size() == modules.blocks().size()
            && norm.isPresent()
            && head.isPresent();
    return plain
        ? Optional.of(
            new LlamaWeights(
                table.get(),
                (float) modules.embeddingMultiplier(),
                modules.rope(),
                blocks,
                (float) modules.residualMultiplier(),
                norm.get(),
                head.get(),
                modules.logitTransform()))
        : Optional.empty();
  }

  int hiddenSize() {
    return Math.toIntExact(embedding.columns());
  }

  /** Elements of all query heads. */
  int queries() {
    return blocks.get(0).queryKeyValue().outputs(0);
  }

  /** Elements of all key heads. */
  int keys() {
    return blocks.get(0).queryKeyValue().outputs(1);
  }

  /** Elements of all query, key and value heads. */
  int projected() {
    return blocks.get(0).queryKeyValue().outputs();
  }

  /** The largest sum of ranks of layers that share an input. */
  int maxRank() {
    return products().mapToInt(FusedLinear::ranks).max().orElse(0);
  }

  /** The largest number of outputs of adapted layers that share an input. */
  int maxTerms() {
    return products()
        .filter(product -> product.ranks() > 0)
        .mapToInt(FusedLinear::outputs)
        .max()
        .orElse(0);
  }

  private Stream<FusedLinear> products() {
    return Stream.concat(
        Stream.of(head),
        blocks.stream()
            .flatMap(b -> Stream.of(b.queryKeyValue(), b.output(), b.gateAndUp(), b.down())));
  }

  /** Writes a token's embedding into the residual stream. */
  void embed(long token, FloatVector stream) {
    embedding.copyRow(token, stream);
    for (int i = 0; embeddingMultiplier != 1 && i < stream.size(); i++) {
      stream.put(i, embeddingMultiplier * stream.get(i));
    }
  }

  /** {@code stream += residualMultiplier · branch}; a factor of 1 changes no bit. */
  void addBranch(FloatVector branch, FloatVector stream) {
    if (residualMultiplier == 1) {
      stream.add(branch);
      return;
    }
    for (int i = 0; i < stream.size(); i++) {
      stream.put(i, stream.get(i) + residualMultiplier * branch.get(i));
    }
  }
}
