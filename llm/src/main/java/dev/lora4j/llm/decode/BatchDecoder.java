package dev.lora4j.llm.decode;

import dev.lora4j.UserError;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.Rope;
import dev.lora4j.llm.model.llama.LlamaModules;
import dev.lora4j.nn.kernel.BlockAttention;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.FusedLinear;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.kernel.RopeRotation;
import dev.lora4j.nn.kernel.RowTiles;
import dev.lora4j.nn.kernel.TiledProduct;
import dev.lora4j.nn.runtime.TeamBarrier;
import dev.lora4j.nn.runtime.ThreadTeam;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;

/**
 * Batched decoding: one token of each of several sequences at a time, each with its own adapters.
 * The base weights are read once for the whole batch. A sequence's logits have the same bits
 * regardless of the rest of the batch.
 *
 * <p>Used by one thread, with its thread team.
 */
public final class BatchDecoder implements AutoCloseable {

  /** A sequence in a step of a batch: the next token, after those that the cache holds. */
  public record Row(Adapted adapted, KvSequence cache, long token) {}

  /**
   * The model's weights with the adapters that were active at construction, which must stay loaded
   * while this object is in use.
   */
  public static final class Adapted {
    private final LlamaWeights weights;

    private Adapted(LlamaWeights weights) {
      this.weights = weights;
    }

    /**
     * Returns the model with the calling thread's adapters; empty if batched decoding does not
     * support the model or an adapter's method.
     */
    public static Optional<Adapted> of(LanguageModel model) {
      return model instanceof LlamaModules.Owner owner
          ? LlamaWeights.of(owner.modules()).map(Adapted::new)
          : Optional.empty();
    }
  }

  /** The products with the base weights of a layer. */
  private record Products(
      TiledProduct queryKeyValue, TiledProduct output, TiledProduct gateAndUp, TiledProduct down) {
    static Products of(LlamaWeights.Block block) {
      return new Products(
          new TiledProduct(block.queryKeyValue()),
          new TiledProduct(block.output()),
          new TiledProduct(block.gateAndUp()),
          new TiledProduct(block.down()));
    }
  }

  private final LlamaWeights base;
  private final List<Products> products;
  private final TiledProduct head;
  private final List<RowState> states = new ArrayList<>();
  private final RowTiles hidden;
  private final RowTiles inner;
  private final RowTiles projected;
  private final RowTiles gatesAndUps;
  private final RowTiles attended;
  private final RowTiles scores;
  private final Tensor logits; // [rows, vocabulary]

  /**
   * @param base the model without adapters
   * @param maxRows the largest batch
   */
  public BatchDecoder(Adapted base, int maxRows) {
    this.base = base.weights;
    products = this.base.blocks().stream().map(Products::of).toList();
    head = new TiledProduct(this.base.head());
    int gates = this.base.blocks().get(0).gateAndUp().outputs();
    hidden = new RowTiles(maxRows, this.base.hiddenSize());
    inner = new RowTiles(maxRows, gates / 2);
    projected = new RowTiles(maxRows, this.base.projected());
    gatesAndUps = new RowTiles(maxRows, gates);
    attended = new RowTiles(maxRows, this.base.queries());
    scores = new RowTiles(maxRows, this.base.head().outputs());
    logits = Ops.keep(Ops.empty(maxRows, this.base.head().outputs()));
    for (int i = 0; i < maxRows; i++) {
      states.add(new RowState(i));
    }
  }

  /**
   * Appends a token to each sequence.
   *
   * @param rows at most as many as the largest batch
   * @return the logits of the next tokens, {@code [rows, vocabulary]}, in memory that the next step
   *     overwrites
   */
  public Tensor step(List<Row> rows) {
    if (rows.size() > states.size()) {
      throw new UserError(
          "a batch has at most %d rows, found %d".formatted(states.size(), rows.size()));
    }
    for (int i = 0; i < rows.size(); i++) {
      states.get(i).begin(rows.get(i));
    }
    List<RowState> batch = states.subList(0, rows.size());
    ThreadTeam.parallel((part, team) -> step(batch, team));
    rows.forEach(row -> row.cache().advance(1));
    Tensor result = logits.narrow(0, 0, rows.size());
    base.logitTransform().applyInPlace(result);
    return result;
  }

  private void step(List<RowState> batch, TeamBarrier team) {
    int rows = batch.size();
    each(batch, team, row -> row.norm(0));
    for (int i = 0; i < products.size(); i++) {
      Products layer = products.get(i);
      int number = i;
      layer.queryKeyValue().compute(team, rows, hidden, projected);
      each(batch, team, row -> row.attend(number));
      layer.output().compute(team, rows, attended, hidden);
      each(batch, team, row -> row.addAttention(number));
      layer.gateAndUp().compute(team, rows, hidden, gatesAndUps);
      each(batch, team, row -> row.activate(number));
      layer.down().compute(team, rows, inner, hidden);
      each(batch, team, row -> row.addFeedForward(number));
    }
    head.compute(team, rows, hidden, scores);
    each(batch, team, RowState::logits);
  }

  private static void each(List<RowState> batch, TeamBarrier team, Consumer<RowState> work) {
    team.share(batch.size(), 1, (from, to) -> batch.subList(from, to).forEach(work));
  }

  /** The vectors of one row, which one thread at a time computes between two products. */
  private final class RowState {
    private final int row;
    private final FloatVector stream = FloatVector.of(base.hiddenSize());
    private final FloatVector normalised = FloatVector.of(base.hiddenSize());
    private final FloatVector branch = FloatVector.of(base.hiddenSize());
    private final FloatVector heads = FloatVector.of(base.projected());
    private final FloatVector mixed = FloatVector.of(base.queries());
    private final FloatVector gates = FloatVector.of(base.blocks().get(0).gateAndUp().outputs());
    private final FloatVector activated = FloatVector.of(gates.size() / 2);
    private final FloatVector outputs;
    private FloatVector features = FloatVector.of(1);
    private FloatVector attentionWeights = FloatVector.of(1);
    private LlamaWeights weights = base;
    private List<BlockAttention> cached = List.of();
    private int position;
    private RopeRotation rotation;

    RowState(int row) {
      this.row = row;
      outputs = FloatVector.over(logits.select(0, row));
      rotation = rotationAt(base.rope(), 0);
    }

    void begin(Row next) {
      weights = next.adapted().weights;
      next.cache().makeRoom(1);
      cached = next.cache().attention();
      position = Math.toIntExact(next.cache().length());
      rotation = rotationAt(weights.rope(), position);
      features = atLeast(features, weights.maxRank());
      attentionWeights = atLeast(attentionWeights, position + 1);
      weights.embed(next.token(), stream);
    }

    /** Normalises the residual stream for a layer's attention. */
    void norm(int layer) {
      LlamaWeights.Block block = weights.blocks().get(layer);
      block.inputNorm().apply(stream, normalised);
      enter(block.queryKeyValue(), normalised, hidden);
    }

    void attend(int layer) {
      LlamaWeights.Block block = weights.blocks().get(layer);
      finish(
          block.queryKeyValue(),
          base.blocks().get(layer).queryKeyValue(),
          normalised,
          projected,
          heads);
      int values = weights.queries() + weights.keys();
      block.headNorms().ifPresent(norms -> norms.apply(heads, weights.queries(), values));
      rotation.apply(heads, 0, values);
      BlockAttention cache = cached.get(layer);
      cache.write(heads, weights.queries(), values, position);
      int seen = (int) Math.min(position + 1L, block.window().orElse(position + 1L));
      int count = weights.queries() / weights.rope().headDim();
      cache.attend(heads, count, position, attentionWeights.first(seen), mixed);
      enter(block.output(), mixed, attended);
    }

    void addAttention(int layer) {
      LlamaWeights.Block block = weights.blocks().get(layer);
      finish(block.output(), base.blocks().get(layer).output(), mixed, hidden, branch);
      weights.addBranch(branch, stream);
      block.postAttentionNorm().apply(stream, normalised);
      enter(block.gateAndUp(), normalised, hidden);
    }

    void activate(int layer) {
      LlamaWeights.Block block = weights.blocks().get(layer);
      finish(
          block.gateAndUp(), base.blocks().get(layer).gateAndUp(), normalised, gatesAndUps, gates);
      activated.swiglu(gates, 0, activated.size());
      enter(block.down(), activated, inner);
    }

    void addFeedForward(int layer) {
      LlamaWeights.Block block = weights.blocks().get(layer);
      finish(block.down(), base.blocks().get(layer).down(), activated, hidden, branch);
      weights.addBranch(branch, stream);
      if (layer + 1 < weights.blocks().size()) {
        norm(layer + 1);
      } else {
        weights.norm().apply(stream, normalised);
        enter(weights.head(), normalised, hidden);
      }
    }

    void logits() {
      finish(weights.head(), base.head(), normalised, scores, outputs);
    }

    /** Prepares a product: its low-rank features, and the row in the tiles. */
    private void enter(FusedLinear layers, FloatVector x, RowTiles tiles) {
      layers.features(x, features);
      tiles.put(row, x);
    }

    /** Completes a product: other weights than the base's, biases and low-rank terms. */
    private void finish(
        FusedLinear own, FusedLinear ofBase, FloatVector x, RowTiles tiles, FloatVector y) {
      if (own.sharesWeights(ofBase)) {
        tiles.get(row, y);
      } else {
        own.multiply(x, y);
      }
      own.addTerms(features, y);
    }

    void close() {
      List.of(
              stream,
              normalised,
              branch,
              heads,
              mixed,
              gates,
              activated,
              features,
              attentionWeights)
          .forEach(FloatVector::close);
    }
  }

  private static RopeRotation rotationAt(Rope rope, int position) {
    return new RopeRotation(rope.cosines(position), rope.sines(position));
  }

  private static FloatVector atLeast(FloatVector vector, int size) {
    if (vector.size() >= size) {
      return vector;
    }
    FloatVector larger = FloatVector.of(2 * size);
    vector.close();
    return larger;
  }

  @Override
  public void close() {
    states.forEach(RowState::close);
    List.of(hidden, inner, projected, gatesAndUps, attended, scores).forEach(RowTiles::close);
    logits.deallocate();
  }
}
