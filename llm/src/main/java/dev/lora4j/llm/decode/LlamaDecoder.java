package dev.lora4j.llm.decode;

import dev.lora4j.llm.model.KeyValueCache;
import dev.lora4j.llm.model.KeyValueCache.KeysAndValues;
import dev.lora4j.llm.model.LogitTransform;
import dev.lora4j.llm.model.Rope;
import dev.lora4j.llm.model.llama.LlamaModules;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.RmsNorm;
import dev.lora4j.nn.SharedInput;
import dev.lora4j.nn.Slot;
import dev.lora4j.nn.kernel.FloatMatrix;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.FusedLinear;
import dev.lora4j.nn.kernel.KvCacheView;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.kernel.RmsNormKernel;
import dev.lora4j.nn.kernel.RopeRotation;
import dev.lora4j.nn.runtime.TeamBarrier;
import dev.lora4j.nn.runtime.ThreadTeam;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/**
 * Decodes Llama-like models in plain memory. The team's threads run through the layers in lockstep,
 * each with its own copy of the residual stream, and share the products and the attention heads.
 */
final class LlamaDecoder implements Decoder {

  /** A decoder layer in plain memory. */
  private record Block(
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

  private record HeadNorms(RmsNormKernel query, RmsNormKernel key) {
    static Optional<HeadNorms> of(LlamaModules.HeadNorms modules) {
      return norm(modules.query())
          .flatMap(query -> norm(modules.key()).map(key -> new HeadNorms(query, key)));
    }
  }

  private static Optional<RmsNormKernel> norm(Slot slot) {
    return slot.module() instanceof RmsNorm norm ? norm.decodeWeights() : Optional.empty();
  }

  private final FloatMatrix embedding;
  private final float embeddingMultiplier;
  private final Rope rope;
  private final List<Block> blocks;
  private final float residualMultiplier;
  private final RmsNormKernel norm;
  private final FusedLinear head;
  private final LogitTransform logitTransform;
  private final int queries; // elements of all query heads
  private final int keys; // elements of all key heads
  private final KeyValueCache cache;
  private final Shared shared;
  private final List<Worker> workers = new ArrayList<>();
  private final List<KvCacheView> cached = new ArrayList<>();

  private LlamaDecoder(
      LlamaModules modules,
      FloatMatrix embedding,
      List<Block> blocks,
      RmsNormKernel norm,
      FusedLinear head,
      KeyValueCache cache) {
    this.embedding = embedding;
    embeddingMultiplier = (float) modules.embeddingMultiplier();
    rope = modules.rope();
    this.blocks = blocks;
    residualMultiplier = (float) modules.residualMultiplier();
    this.norm = norm;
    this.head = head;
    logitTransform = modules.logitTransform();
    this.cache = cache;
    int all = blocks.get(0).queryKeyValue().outputs();
    keys = Math.toIntExact(cache.memory(0).keys().size(1)) * rope.headDim();
    queries = all - 2 * keys;
    shared = new Shared();
    for (int i = 0; i < ThreadTeam.threads(); i++) {
      workers.add(new Worker());
    }
  }

  /** Returns a decoder for these modules; empty if one of them is not plain float memory. */
  static Optional<Decoder> of(LlamaModules modules, KeyValueCache cache) {
    if (!(modules.embedding().module() instanceof Embedding embedding)
        || embedding.weight().isParametrized()) {
      return Optional.empty();
    }
    Tensor table = embedding.weight().value().detach();
    List<Block> blocks =
        modules.blocks().stream().flatMap(block -> Block.of(block).stream()).toList();
    Optional<RmsNormKernel> norm = norm(modules.norm());
    Optional<FusedLinear> head = new SharedInput(modules.head()).decodeWeights();
    boolean plain =
        FloatMatrix.isOne(table)
            && blocks.size() == modules.blocks().size()
            && norm.isPresent()
            && head.isPresent();
    return plain
        ? Optional.of(
            new LlamaDecoder(modules, FloatMatrix.of(table), blocks, norm.get(), head.get(), cache))
        : Optional.empty();
  }

  @Override
  public Tensor step(long token) {
    if (cache.makeRoom(1) || cached.isEmpty()) {
      cached.clear();
      for (int i = 0; i < blocks.size(); i++) {
        KeysAndValues memory = cache.memory(i);
        cached.add(KvCacheView.of(memory.keys(), memory.values()));
      }
    }
    int position = Math.toIntExact(cache.length());
    RopeRotation rotation = new RopeRotation(rope.cosines(position), rope.sines(position));
    ThreadTeam.parallel((part, team) -> workers.get(part).step(token, position, rotation, team));
    logitTransform.applyInPlace(shared.logits);
    cache.advance(1);
    return shared.logits;
  }

  /** The vectors that all threads write and read. */
  private final class Shared {
    final FloatVector queryKeyValue = FloatVector.of(queries + 2 * keys);
    final FloatVector attended = FloatVector.of(queries);
    final FloatVector branch =
        FloatVector.of(Math.toIntExact(embedding.columns())); // to be added to the stream
    final FloatVector gatesAndUps = FloatVector.of(blocks.get(0).gateAndUp().outputs());
    final FloatVector activated = FloatVector.of(gatesAndUps.size() / 2);
    final Tensor logits = Ops.keep(Ops.empty(head.outputs()));
    final FloatVector logitsRow = FloatVector.over(logits);

    void close() {
      List.of(queryKeyValue, attended, branch, gatesAndUps, activated).forEach(FloatVector::close);
      logits.deallocate();
    }
  }

  /** The state of one thread. */
  private final class Worker {
    private final FloatVector stream = FloatVector.of(shared.branch.size());
    private final FloatVector normalised = FloatVector.of(shared.branch.size());
    private final FloatVector heads = FloatVector.of(shared.queryKeyValue.size());
    private final FloatVector features = FloatVector.of(Math.max(1, maxRank()));
    private FloatVector weights = FloatVector.of(1); // of the tokens that a head attends to

    void step(long token, int position, RopeRotation rotation, TeamBarrier team) {
      stream.copyRow(embedding, token);
      multiply(stream, embeddingMultiplier);
      for (int i = 0; i < blocks.size(); i++) {
        Block block = blocks.get(i);
        block.inputNorm().apply(stream, normalised);
        attend(block, cached.get(i), position, rotation, team);
        block.output().compute(team, shared.attended, features, shared.branch);
        addBranch();

        block.postAttentionNorm().apply(stream, normalised);
        feedForward(block, team);
        addBranch();
      }
      norm.apply(stream, normalised);
      head.compute(team, normalised, features, shared.logitsRow);
    }

    private void attend(
        Block block, KvCacheView cache, int position, RopeRotation rotation, TeamBarrier team) {
      block.queryKeyValue().compute(team, normalised, features, shared.queryKeyValue);
      heads.copy(shared.queryKeyValue);
      int values = queries + keys;
      block.headNorms().ifPresent(norms -> normalise(norms, values));
      rotation.apply(heads, 0, values);
      cache.write(heads, queries, heads, values, position);

      int count = queries / rope.headDim();
      int seen = (int) Math.min(position + 1L, block.window().orElse(position + 1L));
      FloatVector seenWeights = weightsFor(seen).first(seen);
      team.share(
          count,
          1,
          (from, to) ->
              cache.attend(heads, from, to, count, position, seenWeights, shared.attended));
    }

    private FloatVector weightsFor(int tokens) {
      if (weights.size() < tokens) {
        weights.close();
        weights = FloatVector.of(2 * tokens);
      }
      return weights;
    }

    private void normalise(HeadNorms norms, int values) {
      norms.query().applyToParts(heads, 0, queries);
      norms.key().applyToParts(heads, queries, values);
    }

    private void feedForward(Block block, TeamBarrier team) {
      block.gateAndUp().compute(team, normalised, features, shared.gatesAndUps);
      int size = shared.activated.size();
      team.share(
          size,
          Math.max(1, size / (2 * team.size())),
          (from, to) -> shared.activated.swiglu(shared.gatesAndUps, from, to));
      block.down().compute(team, shared.activated, features, shared.branch);
    }

    /** {@code stream += residualMultiplier · branch}; a factor of 1 changes no bit. */
    private void addBranch() {
      if (residualMultiplier == 1) {
        stream.add(shared.branch);
        return;
      }
      for (int i = 0; i < stream.size(); i++) {
        stream.put(i, stream.get(i) + residualMultiplier * shared.branch.get(i));
      }
    }

    void close() {
      List.of(stream, normalised, heads, features, weights).forEach(FloatVector::close);
    }
  }

  private static void multiply(FloatVector row, float factor) {
    for (int i = 0; factor != 1 && i < row.size(); i++) {
      row.put(i, factor * row.get(i));
    }
  }

  private int maxRank() {
    return Stream.concat(
            Stream.of(head),
            blocks.stream()
                .flatMap(b -> Stream.of(b.queryKeyValue(), b.output(), b.gateAndUp(), b.down())))
        .mapToInt(FusedLinear::ranks)
        .max()
        .orElse(0);
  }

  @Override
  public void close() {
    workers.forEach(Worker::close);
    shared.close();
  }
}
