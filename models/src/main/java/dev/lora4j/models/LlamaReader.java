package dev.lora4j.models;

import dev.lora4j.models.KeyValueCache.KeysAndValues;
import dev.lora4j.nn.Crew;
import dev.lora4j.nn.Ops;
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
import java.util.function.LongFunction;
import org.bytedeco.pytorch.Tensor;

/**
 * Reads single tokens with a {@link Llama} in plain memory. All threads of the crew walk through
 * the layers in lockstep: each has the stream of the token for itself, and they share the products
 * and the heads.
 */
final class LlamaReader implements TokenReader {

  /** A layer as it computes with single rows. */
  record Block(
      RowNorm inputNorm,
      RowProduct queryKeyValue,
      Optional<HeadNorms> headNorms,
      OptionalLong window,
      RowProduct output,
      RowNorm postAttentionNorm,
      RowProduct gateAndUp,
      RowProduct down) {}

  /** What normalises the queries and the keys of each head. */
  record HeadNorms(RowNorm query, RowNorm key) {}

  /** All that is read of the model. */
  record Parts(
      LlamaConfig config,
      PlainMatrix embedding,
      LongFunction<Turn> turns,
      List<Block> blocks,
      RowNorm norm,
      RowProduct head) {}

  private final Parts parts;
  private final LlamaConfig config;
  private final KeyValueCache cache;
  private final Shared shared;
  private final List<Walker> walkers = new ArrayList<>();
  private final List<CachedHeads> cached = new ArrayList<>();

  LlamaReader(Parts parts, KeyValueCache cache) {
    this.parts = parts;
    this.config = parts.config();
    this.cache = cache;
    shared = new Shared(config);
    for (int i = 0; i < Crew.threads(); i++) {
      walkers.add(new Walker());
    }
  }

  @Override
  public Tensor logitsAfter(long token) {
    if (cache.makeRoom(1) || cached.isEmpty()) {
      cached.clear();
      for (int i = 0; i < config.layers(); i++) {
        KeysAndValues memory = cache.memory(i);
        cached.add(CachedHeads.of(memory.keys(), memory.values()));
      }
    }
    int place = Math.toIntExact(cache.length());
    Turn turn = parts.turns().apply(place);
    Crew.walk((part, team) -> walkers.get(part).read(token, place, turn, team));
    cache.advance(1);
    return shared.scores;
  }

  /** What all threads write into and read. */
  private static final class Shared {
    final Row queryKeyValue;
    final Row attended;
    final Row added; // to the stream
    final Row gatesAndUps;
    final Row activated;
    final Tensor scores;
    final Row logits;

    Shared(LlamaConfig c) {
      queryKeyValue = Row.of((c.heads() + 2 * c.groups()) * c.headDim());
      attended = Row.of(c.heads() * c.headDim());
      added = Row.of(c.hiddenSize());
      gatesAndUps = Row.of(2 * c.intermediateSize());
      activated = Row.of(c.intermediateSize());
      scores = Ops.keep(Ops.empty(c.vocabularySize()));
      logits = Row.over(scores);
    }

    void close() {
      List.of(queryKeyValue, attended, added, gatesAndUps, activated).forEach(Row::close);
      scores.deallocate();
    }
  }

  /** One thread on its way through the layers. */
  private final class Walker {
    private final Row stream = Row.of(config.hiddenSize());
    private final Row normalised = Row.of(config.hiddenSize());
    private final Row heads = Row.of(shared.queryKeyValue.size());
    private final Row features = Row.of(Math.max(1, mostRanks()));
    private Row weights = Row.of(1); // of the tokens that a head sees

    void read(long token, int place, Turn turn, Lockstep team) {
      stream.copyRow(parts.embedding(), token);
      for (int i = 0; i < config.layers(); i++) {
        Block block = parts.blocks().get(i);
        block.inputNorm().apply(stream, normalised);
        attend(block, cached.get(i), place, turn, team);
        block.output().compute(team, shared.attended, features, shared.added);
        stream.add(shared.added);

        block.postAttentionNorm().apply(stream, normalised);
        feedForward(block, team);
        stream.add(shared.added);
      }
      parts.norm().apply(stream, normalised);
      parts.head().compute(team, normalised, features, shared.logits);
    }

    private void attend(Block block, CachedHeads cache, int place, Turn turn, Lockstep team) {
      block.queryKeyValue().compute(team, normalised, features, shared.queryKeyValue);
      heads.copy(shared.queryKeyValue);
      int keys = config.heads() * config.headDim();
      int values = keys + config.groups() * config.headDim();
      block.headNorms().ifPresent(norms -> normalise(norms, keys, values));
      turn.apply(heads, 0, values);
      cache.write(heads, keys, heads, values, place);

      int seen = (int) Math.min(place + 1L, block.window().orElse(place + 1L));
      Row ofSeen = room(seen).first(seen);
      team.share(
          config.heads(),
          1,
          (from, to) ->
              cache.attend(heads, from, to, config.heads(), place, ofSeen, shared.attended));
    }

    private Row room(int tokens) {
      if (weights.size() < tokens) {
        weights.close();
        weights = Row.of(2 * tokens);
      }
      return weights;
    }

    private void normalise(HeadNorms norms, int keys, int values) {
      norms.query().applyToParts(heads, 0, keys);
      norms.key().applyToParts(heads, keys, values);
    }

    private void feedForward(Block block, Lockstep team) {
      block.gateAndUp().compute(team, normalised, features, shared.gatesAndUps);
      int size = config.intermediateSize();
      team.share(
          size,
          Math.max(1, size / (2 * team.size())),
          (from, to) -> shared.activated.siluTimes(shared.gatesAndUps, from, to));
      block.down().compute(team, shared.activated, features, shared.added);
    }

    void close() {
      List.of(stream, normalised, heads, features, weights).forEach(Row::close);
    }
  }

  private int mostRanks() {
    int most = parts.head().ranks();
    for (Block block : parts.blocks()) {
      for (RowProduct product :
          List.of(block.queryKeyValue(), block.output(), block.gateAndUp(), block.down())) {
        most = Math.max(most, product.ranks());
      }
    }
    return most;
  }

  @Override
  public void close() {
    walkers.forEach(Walker::close);
    shared.close();
  }
}
