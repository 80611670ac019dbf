package dev.lora4j.llm.decode;

import dev.lora4j.UserError;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.Rope;
import dev.lora4j.llm.model.llama.LlamaModules;
import dev.lora4j.nn.kernel.BatchProduct;
import dev.lora4j.nn.kernel.BlockAttention;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.FusedLinear;
import dev.lora4j.nn.kernel.RopeRotation;
import dev.lora4j.nn.kernel.RowBatch;
import dev.lora4j.nn.kernel.RowInput;
import dev.lora4j.nn.runtime.TeamBarrier;
import dev.lora4j.nn.runtime.ThreadTeam;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
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
      try (PointerScope handles = new PointerScope()) { // which would keep the adapter's memory
        return model instanceof LlamaModules.Owner owner
            ? LlamaWeights.of(owner.modules()).map(Adapted::new)
            : Optional.empty();
      }
    }
  }

  /** The products with the base weights of a layer. */
  private record Products(
      BatchProduct queryKeyValue, BatchProduct output, BatchProduct gateAndUp, BatchProduct down) {
    static Products of(LlamaWeights.Block block) {
      return new Products(
          new BatchProduct(block.queryKeyValue()),
          new BatchProduct(block.output()),
          new BatchProduct(block.gateAndUp()),
          new BatchProduct(block.down()));
    }
  }

  private final LlamaWeights base;
  private final List<Products> products;
  private final BatchProduct head;
  private final List<RowState> states = new ArrayList<>();
  private final RowBatch normalised;
  private final RowBatch heads;
  private final RowBatch mixed;
  private final RowBatch branches;
  private final RowBatch gates;
  private final RowBatch activated;
  private final RowBatch logits;

  /**
   * @param base the model without adapters
   * @param maxRows the largest batch
   */
  public BatchDecoder(Adapted base, int maxRows) {
    this.base = base.weights;
    products = this.base.blocks().stream().map(Products::of).toList();
    head = new BatchProduct(this.base.head());
    int gatesAndUps = this.base.blocks().get(0).gateAndUp().outputs();
    normalised = new RowBatch(maxRows, this.base.hiddenSize());
    heads = new RowBatch(maxRows, this.base.projected());
    mixed = new RowBatch(maxRows, this.base.queries());
    branches = new RowBatch(maxRows, this.base.hiddenSize());
    gates = new RowBatch(maxRows, gatesAndUps);
    activated = new RowBatch(maxRows, gatesAndUps / 2);
    logits = new RowBatch(maxRows, this.base.head().outputs());
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
    Tensor result = logits.first(rows.size());
    base.logitTransform().applyInPlace(result);
    return result;
  }

  private void step(List<RowState> batch, TeamBarrier team) {
    int rows = batch.size();
    each(batch, team, row -> row.norm(0));
    for (int i = 0; i < products.size(); i++) {
      Products layer = products.get(i);
      int number = i;
      layer
          .queryKeyValue()
          .compute(team, rows, normalised, heads, row -> batch.get(row).projectionTerms(number));
      each(batch, team, row -> row.attend(number));
      layer
          .output()
          .compute(team, rows, mixed, branches, row -> batch.get(row).outputTerms(number));
      each(batch, team, row -> row.addAttention(number));
      layer
          .gateAndUp()
          .compute(team, rows, normalised, gates, row -> batch.get(row).gateTerms(number));
      each(batch, team, row -> row.activate(number));
      layer
          .down()
          .compute(team, rows, activated, branches, row -> batch.get(row).downTerms(number));
      each(batch, team, row -> row.addFeedForward(number));
    }
    head.compute(team, rows, normalised, logits, row -> batch.get(row).headTerms());
    each(batch, team, RowState::logits);
  }

  private static void each(List<RowState> batch, TeamBarrier team, Consumer<RowState> work) {
    team.share(batch.size(), 1, (from, to) -> batch.subList(from, to).forEach(work));
  }

  /** The vectors of one row, which one thread at a time computes between two products. */
  private final class RowState {
    private final FloatVector stream = FloatVector.of(base.hiddenSize());
    private final FloatVector normalised;
    private final FloatVector heads;
    private final FloatVector mixed;
    private final FloatVector branch;
    private final FloatVector gates;
    private final FloatVector activated;
    private final FloatVector logits;
    private final RowInput normalisedInput;
    private final RowInput mixedInput;
    private final RowInput activatedInput;
    private FloatVector features = FloatVector.of(1);
    private FloatVector terms = FloatVector.of(1); // low-rank terms of the next product
    private FloatVector attentionWeights = FloatVector.of(1);
    private LlamaWeights weights = base;
    private List<BlockAttention> cached = List.of();
    private int position;
    private RopeRotation rotation;

    RowState(int row) {
      normalised = BatchDecoder.this.normalised.row(row);
      heads = BatchDecoder.this.heads.row(row);
      mixed = BatchDecoder.this.mixed.row(row);
      branch = branches.row(row);
      gates = BatchDecoder.this.gates.row(row);
      activated = BatchDecoder.this.activated.row(row);
      logits = BatchDecoder.this.logits.row(row);
      normalisedInput = BatchDecoder.this.normalised.changedInput(row);
      mixedInput = BatchDecoder.this.mixed.changedInput(row);
      activatedInput = BatchDecoder.this.activated.changedInput(row);
      rotation = rotationAt(base.rope(), 0);
    }

    void begin(Row next) {
      weights = next.adapted().weights;
      next.cache().makeRoom(1);
      cached = next.cache().attention();
      position = Math.toIntExact(next.cache().length());
      rotation = rotationAt(weights.rope(), position);
      features = atLeast(features, weights.maxRank());
      terms = atLeast(terms, weights.maxTerms());
      attentionWeights = atLeast(attentionWeights, position + 1);
      weights.embed(next.token(), stream);
    }

    /** Normalises the residual stream for a layer's attention. */
    void norm(int layer) {
      LlamaWeights.Block block = weights.blocks().get(layer);
      block.inputNorm().apply(stream, normalised);
    }

    void attend(int layer) {
      LlamaWeights.Block block = weights.blocks().get(layer);
      finish(
          block.queryKeyValue(), base.blocks().get(layer).queryKeyValue(), normalisedInput, heads);
      int values = weights.queries() + weights.keys();
      block.headNorms().ifPresent(norms -> norms.apply(heads, weights.queries(), values));
      rotation.apply(heads, 0, values);
      BlockAttention cache = cached.get(layer);
      cache.write(heads, weights.queries(), values, position);
      int seen = (int) Math.min(position + 1L, block.window().orElse(position + 1L));
      int count = weights.queries() / weights.rope().headDim();
      cache.attend(heads, count, position, attentionWeights.first(seen), mixed);
    }

    void addAttention(int layer) {
      LlamaWeights.Block block = weights.blocks().get(layer);
      finish(block.output(), base.blocks().get(layer).output(), mixedInput, branch);
      weights.addBranch(branch, stream);
      block.postAttentionNorm().apply(stream, normalised);
    }

    void activate(int layer) {
      LlamaWeights.Block block = weights.blocks().get(layer);
      finish(block.gateAndUp(), base.blocks().get(layer).gateAndUp(), normalisedInput, gates);
      activated.swiglu(gates, 0, activated.size());
    }

    void addFeedForward(int layer) {
      LlamaWeights.Block block = weights.blocks().get(layer);
      finish(block.down(), base.blocks().get(layer).down(), activatedInput, branch);
      weights.addBranch(branch, stream);
      if (layer + 1 < weights.blocks().size()) {
        norm(layer + 1);
      } else {
        weights.norm().apply(stream, normalised);
      }
    }

    void logits() {
      finish(weights.head(), base.head(), normalisedInput, logits);
    }

    // The low-rank terms of the products, computed beside them.

    void projectionTerms(int layer) {
      weights.blocks().get(layer).queryKeyValue().terms(normalised, features, terms);
    }

    void outputTerms(int layer) {
      weights.blocks().get(layer).output().terms(mixed, features, terms);
    }

    void gateTerms(int layer) {
      weights.blocks().get(layer).gateAndUp().terms(normalised, features, terms);
    }

    void downTerms(int layer) {
      weights.blocks().get(layer).down().terms(activated, features, terms);
    }

    void headTerms() {
      weights.head().terms(normalised, features, terms);
    }

    /** Completes a product: other weights than the base's, biases and low-rank terms. */
    private void finish(FusedLinear own, FusedLinear ofBase, RowInput x, FloatVector y) {
      if (!own.sharesWeights(ofBase)) {
        own.multiply(x, y);
      }
      own.complete(terms, y);
    }

    void close() {
      List.of(stream, features, terms, attentionWeights).forEach(FloatVector::close);
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
    List.of(normalised, heads, mixed, branches, gates, activated, logits).forEach(RowBatch::close);
  }
}
