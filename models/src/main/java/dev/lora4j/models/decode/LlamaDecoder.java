package dev.lora4j.models.decode;

import dev.lora4j.models.KeyValueCache;
import dev.lora4j.models.KeyValueCache.KeysAndValues;
import dev.lora4j.models.LlamaModules;
import dev.lora4j.models.LogitTransform;
import dev.lora4j.models.Rope;
import dev.lora4j.nn.Child;
import dev.lora4j.nn.Crew;
import dev.lora4j.nn.Embedding;
import dev.lora4j.nn.Ops;
import dev.lora4j.nn.RmsNorm;
import dev.lora4j.nn.Siblings;
import dev.lora4j.row.CachedHeads;
import dev.lora4j.row.Lockstep;
import dev.lora4j.row.PlainMatrix;
import dev.lora4j.row.Row;
import dev.lora4j.row.RowNorm;
import dev.lora4j.row.RowProduct;
import dev.lora4j.row.Turn;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/**
 * Decodes Llama-like models in plain memory. All threads of the team run through the layers in
 * lockstep: each has its own copy of the residual stream, and they share the products and the
 * attention heads.
 */
final class LlamaDecoder implements Decoder {

  /** A decoder layer in plain memory. */
  private record Block(
      RowNorm inputNorm,
      RowProduct queryKeyValue,
      Optional<HeadNorms> headNorms,
      OptionalLong window,
      RowProduct output,
      RowNorm postAttentionNorm,
      RowProduct gateAndUp,
      RowProduct down) {

    static Optional<Block> of(LlamaModules.Block modules) {
      Optional<RowNorm> first = norm(modules.inputNorm());
      Optional<RowNorm> second = norm(modules.postAttentionNorm());
      Optional<RowProduct> queryKeyValue = modules.queryKeyValue().ofRows();
      Optional<RowProduct> output = new Siblings(modules.output()).ofRows();
      Optional<RowProduct> gateAndUp = modules.gateAndUp().ofRows();
      Optional<RowProduct> down = new Siblings(modules.down()).ofRows();
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

  private record HeadNorms(RowNorm query, RowNorm key) {
    static Optional<HeadNorms> of(LlamaModules.HeadNorms modules) {
      return norm(modules.query())
          .flatMap(query -> norm(modules.key()).map(key -> new HeadNorms(query, key)));
    }
  }

  private static Optional<RowNorm> norm(Child slot) {
    return slot.module() instanceof RmsNorm norm ? norm.ofRows() : Optional.empty();
  }

  private final PlainMatrix embedding;
  private final float embeddingMultiplier;
  private final Rope rope;
  private final List<Block> blocks;
  private final float residualMultiplier;
  private final RowNorm norm;
  private final RowProduct head;
  private final LogitTransform logitTransform;
  private final int queries; // elements of all query heads
  private final int keys; // elements of all key heads
  private final KeyValueCache cache;
  private final Shared shared;
  private final List<Walker> walkers = new ArrayList<>();
  private final List<CachedHeads> cached = new ArrayList<>();

  private LlamaDecoder(
      LlamaModules modules,
      PlainMatrix embedding,
      List<Block> blocks,
      RowNorm norm,
      RowProduct head,
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
    for (int i = 0; i < Crew.threads(); i++) {
      walkers.add(new Walker());
    }
  }

  /** A decoder for these modules; empty if one of them is not plain float memory. */
  static Optional<Decoder> of(LlamaModules modules, KeyValueCache cache) {
    if (!(modules.embedding().module() instanceof Embedding embedding)
        || embedding.weight().isParametrized()) {
      return Optional.empty();
    }
    Tensor table = embedding.weight().value().detach();
    List<Block> blocks =
        modules.blocks().stream().flatMap(block -> Block.of(block).stream()).toList();
    Optional<RowNorm> norm = norm(modules.norm());
    Optional<RowProduct> head = new Siblings(modules.head()).ofRows();
    boolean plain =
        PlainMatrix.isOne(table)
            && blocks.size() == modules.blocks().size()
            && norm.isPresent()
            && head.isPresent();
    return plain
        ? Optional.of(
            new LlamaDecoder(modules, PlainMatrix.of(table), blocks, norm.get(), head.get(), cache))
        : Optional.empty();
  }

  @Override
  public Tensor step(long token) {
    if (cache.makeRoom(1) || cached.isEmpty()) {
      cached.clear();
      for (int i = 0; i < blocks.size(); i++) {
        KeysAndValues memory = cache.memory(i);
        cached.add(CachedHeads.of(memory.keys(), memory.values()));
      }
    }
    int position = Math.toIntExact(cache.length());
    Turn turn = new Turn(rope.cosines(position), rope.sines(position));
    Crew.walk((part, team) -> walkers.get(part).step(token, position, turn, team));
    logitTransform.applyInPlace(shared.logits);
    cache.advance(1);
    return shared.logits;
  }

  /** Rows that all threads write and read. */
  private final class Shared {
    final Row queryKeyValue = Row.of(queries + 2 * keys);
    final Row attended = Row.of(queries);
    final Row branch = Row.of(Math.toIntExact(embedding.columns())); // to be added to the stream
    final Row gatesAndUps = Row.of(blocks.get(0).gateAndUp().outputs());
    final Row activated = Row.of(gatesAndUps.size() / 2);
    final Tensor logits = Ops.keep(Ops.empty(head.outputs()));
    final Row logitsRow = Row.over(logits);

    void close() {
      List.of(queryKeyValue, attended, branch, gatesAndUps, activated).forEach(Row::close);
      logits.deallocate();
    }
  }

  /** One thread on its way through the layers. */
  private final class Walker {
    private final Row stream = Row.of(shared.branch.size());
    private final Row normalised = Row.of(shared.branch.size());
    private final Row heads = Row.of(shared.queryKeyValue.size());
    private final Row features = Row.of(Math.max(1, mostRanks()));
    private Row weights = Row.of(1); // of the tokens that a head attends to

    void step(long token, int position, Turn turn, Lockstep team) {
      stream.copyRow(embedding, token);
      multiply(stream, embeddingMultiplier);
      for (int i = 0; i < blocks.size(); i++) {
        Block block = blocks.get(i);
        block.inputNorm().apply(stream, normalised);
        attend(block, cached.get(i), position, turn, team);
        block.output().compute(team, shared.attended, features, shared.branch);
        addBranch();

        block.postAttentionNorm().apply(stream, normalised);
        feedForward(block, team);
        addBranch();
      }
      norm.apply(stream, normalised);
      head.compute(team, normalised, features, shared.logitsRow);
    }

    private void attend(Block block, CachedHeads cache, int position, Turn turn, Lockstep team) {
      block.queryKeyValue().compute(team, normalised, features, shared.queryKeyValue);
      heads.copy(shared.queryKeyValue);
      int values = queries + keys;
      block.headNorms().ifPresent(norms -> normalise(norms, values));
      turn.apply(heads, 0, values);
      cache.write(heads, queries, heads, values, position);

      int count = queries / rope.headDim();
      int seen = (int) Math.min(position + 1L, block.window().orElse(position + 1L));
      Row ofSeen = room(seen).first(seen);
      team.share(
          count,
          1,
          (from, to) -> cache.attend(heads, from, to, count, position, ofSeen, shared.attended));
    }

    private Row room(int tokens) {
      if (weights.size() < tokens) {
        weights.close();
        weights = Row.of(2 * tokens);
      }
      return weights;
    }

    private void normalise(HeadNorms norms, int values) {
      norms.query().applyToParts(heads, 0, queries);
      norms.key().applyToParts(heads, queries, values);
    }

    private void feedForward(Block block, Lockstep team) {
      block.gateAndUp().compute(team, normalised, features, shared.gatesAndUps);
      int size = shared.activated.size();
      team.share(
          size,
          Math.max(1, size / (2 * team.size())),
          (from, to) -> shared.activated.siluTimes(shared.gatesAndUps, from, to));
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
      List.of(stream, normalised, heads, features, weights).forEach(Row::close);
    }
  }

  private static void multiply(Row row, float factor) {
    for (int i = 0; factor != 1 && i < row.size(); i++) {
      row.put(i, factor * row.get(i));
    }
  }

  private int mostRanks() {
    return Stream.concat(
            Stream.of(head),
            blocks.stream()
                .flatMap(b -> Stream.of(b.queryKeyValue(), b.output(), b.gateAndUp(), b.down())))
        .mapToInt(RowProduct::ranks)
        .max()
        .orElse(0);
  }

  @Override
  public void close() {
    walkers.forEach(Walker::close);
    shared.close();
  }
}
