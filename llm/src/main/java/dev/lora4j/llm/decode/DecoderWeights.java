package dev.lora4j.llm.decode;

import dev.lora4j.llm.model.LogitTransform;
import dev.lora4j.llm.model.Rope;
import dev.lora4j.llm.model.transformer.DecoderModules;
import dev.lora4j.lora.layer.LoraLayer;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.SharedInput;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.FusedLinear;
import dev.lora4j.nn.kernel.LinearWeights;
import dev.lora4j.nn.kernel.RmsNormKernel;
import dev.lora4j.nn.kernel.RopeRotation;
import dev.lora4j.nn.kernel.WeightMatrix;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The weights of a transformer in plain memory, with the adapters of the calling thread. */
record DecoderWeights(
    WeightMatrix embedding,
    float embeddingMultiplier,
    List<Rope> ropes,
    List<LayerWeights> layers,
    float residualMultiplier,
    RmsNormKernel norm,
    FusedLinear head,
    LogitTransform logitTransform) {

  /** The rotary position embedding of one position. */
  record Rotation(RopeRotation ofAll, float queryScale) {

    static Rotation at(Rope rope, int position, int headDim) {
      long end = position + 1L;
      return new Rotation(
          new RopeRotation(rope.cosines(end), rope.sines(end), headDim), rope.queryScale(position));
    }

    /** Rotates the queries before one index of a row and the keys before another, in place. */
    void apply(FloatVector heads, int queries, int values) {
      ofAll.apply(heads, 0, values);
      if (queryScale != 1) {
        heads.scale(queryScale, 0, queries);
      }
    }
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

  /**
   * Returns the weights of these modules; empty if one of them has no decode kernel.
   *
   * @param made whether weights of experts with adapters are made in the caller's pointer scope;
   *     otherwise they have no kernel
   */
  static Optional<DecoderWeights> of(DecoderModules modules, boolean made) {
    List<Rope> ropes = ropes(modules);
    Optional<WeightMatrix> table = table(modules.embedding().module());
    List<LayerWeights> layers =
        modules.layers().stream()
            .flatMap(layer -> LayerWeights.of(layer, ropes, made).stream())
            .toList();
    Optional<RmsNormKernel> norm = LayerWeights.norm(modules.norm());
    Optional<FusedLinear> head = new SharedInput(modules.head()).decodeWeights();
    boolean plain =
        table.isPresent()
            && layers.size() == modules.layers().size()
            && norm.isPresent()
            && head.isPresent();
    return plain
        ? Optional.of(
            new DecoderWeights(
                table.get(),
                (float) modules.embeddingMultiplier(),
                ropes,
                layers,
                (float) modules.residualMultiplier(),
                norm.get(),
                head.get(),
                modules.logitTransform()))
        : Optional.empty();
  }

  private static List<Rope> ropes(DecoderModules modules) {
    return modules.layers().stream()
        .flatMap(layer -> layer.attention().rope().stream())
        .distinct()
        .toList();
  }

  /** The rotations of a position, in the order of {@link #ropes}. */
  List<Rotation> rotationsAt(int position) {
    int headDim = layers.get(0).attention().headDim();
    List<Rotation> rotations = new ArrayList<>();
    ropes.forEach(rope -> rotations.add(Rotation.at(rope, position, headDim)));
    return rotations;
  }

  int hiddenSize() {
    return Math.toIntExact(embedding.columns());
  }

  /** Elements of all query heads. */
  int queries() {
    return layers.get(0).attention().queries();
  }

  /** Elements of all query, key and value heads. */
  int projected() {
    return layers.get(0).attention().queryKeyValue().outputs();
  }

  /** The largest number of gates and inner projections of a feed-forward. */
  int gatesAndUps() {
    return layers.stream().mapToInt(layer -> layer.feedForward().gatesAndUps()).max().orElse(0);
  }

  /** The largest number of experts of a layer; 0 for none. */
  int experts() {
    return layers.stream()
        .map(LayerWeights::feedForward)
        .mapToInt(feedForward -> feedForward instanceof ExpertWeights e ? e.config().experts() : 0)
        .max()
        .orElse(0);
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
    return Stream.concat(Stream.of(head), layers.stream().flatMap(LayerWeights::products));
  }

  /** Writes a token's embedding into the residual stream. */
  void embed(long token, FloatVector stream) {
    embedding.copyRow(token, stream);
    if (embeddingMultiplier != 1) {
      stream.scale(embeddingMultiplier, 0, stream.size());
    }
  }

  /** {@code stream += residualMultiplier · branch}; a factor of 1 changes no bit. */
  void addBranch(FloatVector branch, FloatVector stream) {
    if (residualMultiplier == 1) {
      stream.add(branch);
    } else {
      stream.addScaled(branch, residualMultiplier);
    }
  }
}
