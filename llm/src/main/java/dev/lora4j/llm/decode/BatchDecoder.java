package dev.lora4j.llm.decode;

import static java.util.Objects.requireNonNull;

import dev.lora4j.UserError;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.transformer.DecoderModules;
import dev.lora4j.nn.kernel.BatchProduct;
import dev.lora4j.nn.kernel.BlockAttention;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.FusedLinear;
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
import org.jspecify.annotations.Nullable;

/**
 * Batched decoding: the next tokens of several sequences at a time, each with its own adapters; one
 * token of a text that is being generated, several of a prompt. The base weights are read once for
 * all of them. A sequence's logits have the same bits regardless of the rest of the batch, and of
 * the steps in which its prompt is read.
 *
 * <p>Used by one thread, with its thread team.
 */
public final class BatchDecoder implements AutoCloseable {

  /** The next tokens of a sequence, at least one, after those that the cache holds. */
  public record NextTokens(Adapted adapted, KvSequence cache, List<Long> tokens) {
    public NextTokens {
      tokens = List.copyOf(tokens);
    }
  }

  /**
   * The model's weights with the adapters that were active at construction, which must stay loaded
   * while this object is in use.
   */
  public static final class Adapted {
    private final DecoderWeights weights;

    private Adapted(DecoderWeights weights) {
      this.weights = weights;
    }

    /**
     * Returns the model with the calling thread's adapters; empty if batched decoding does not
     * support the model or an adapter's method.
     */
    public static Optional<Adapted> of(LanguageModel model) {
      try (PointerScope handles = new PointerScope()) { // which would keep the adapter's memory
        return model instanceof DecoderModules.Owner owner
            ? DecoderWeights.of(owner.modules(), false).map(Adapted::new)
            : Optional.empty();
      }
    }
  }

  /** The products with the base weights of a layer; those with experts are row by row. */
  private record Products(
      BatchProduct queryKeyValue, BatchProduct output, Optional<GatedProducts> feedForward) {
    static Products of(LayerWeights layer) {
      return new Products(
          new BatchProduct(layer.attention().queryKeyValue()),
          new BatchProduct(layer.attention().output()),
          layer.feedForward() instanceof FeedForwardWeights.Gated gated
              ? Optional.of(
                  new GatedProducts(
                      new BatchProduct(gated.gateAndUp()), new BatchProduct(gated.down())))
              : Optional.empty());
    }
  }

  private record GatedProducts(BatchProduct gateAndUp, BatchProduct down) {}

  private final DecoderWeights base;
  private final List<Products> products;
  private final BatchProduct head;
  private final List<RowState> states = new ArrayList<>();
  private final List<LogitRow> logitRows = new ArrayList<>();
  private final RowBatch normalised;
  private final RowBatch heads;
  private final RowBatch mixed;
  private final RowBatch branches;
  private final RowBatch gates;
  private final RowBatch activated;
  private final RowBatch finals; // final hidden states of each sequence's last token
  private final RowBatch logits;

  /**
   * @param base the model without adapters
   * @param maxSequences sequences in the largest batch
   * @param maxTokens tokens in the largest batch, at least one of each sequence
   */
  public BatchDecoder(Adapted base, int maxSequences, int maxTokens) {
    this.base = base.weights;
    products = this.base.layers().stream().map(Products::of).toList();
    head = new BatchProduct(this.base.head());
    int gatesAndUps = this.base.gatesAndUps();
    normalised = new RowBatch(maxTokens, this.base.hiddenSize());
    heads = new RowBatch(maxTokens, this.base.projected());
    mixed = new RowBatch(maxTokens, this.base.queries());
    branches = new RowBatch(maxTokens, this.base.hiddenSize());
    gates = new RowBatch(maxTokens, gatesAndUps);
    activated = new RowBatch(maxTokens, gatesAndUps / 2);
    finals = new RowBatch(maxSequences, this.base.hiddenSize());
    logits = new RowBatch(maxSequences, this.base.head().outputs());
    for (int i = 0; i < maxSequences; i++) {
      logitRows.add(new LogitRow(finals.row(i), finals.changedInput(i), logits.row(i)));
    }
    for (int i = 0; i < maxTokens; i++) {
      states.add(new RowState(i));
    }
  }

  /** The vectors of a sequence's last token, from the final norm on. */
  private record LogitRow(FloatVector hidden, RowInput input, FloatVector logits) {}

  /**
   * Appends tokens to each sequence.
   *
   * @param batch at most as many sequences and tokens as in the largest batch
   * @return the logits after the last token of each sequence, {@code [sequences, vocabulary]}, in
   *     memory that the next step overwrites
   */
  public Tensor step(List<NextTokens> batch) {
    checkSize("sequences", logitRows.size(), batch.size());
    checkSize("tokens", states.size(), batch.stream().mapToInt(next -> next.tokens().size()).sum());
    List<RowState> lasts = new ArrayList<>();
    int rows = 0;
    for (NextTokens next : batch) {
      int count = next.tokens().size();
      next.cache().makeRoom(count);
      for (int i = 0; i < count; i++) {
        states.get(rows + i).begin(next, i);
      }
      rows += count;
      lasts.add(states.get(rows - 1).endsAt(logitRows.get(lasts.size())));
    }
    List<RowState> all = states.subList(0, rows);
    ThreadTeam.parallel((part, team) -> step(all, lasts, team));
    batch.forEach(next -> next.cache().advance(next.tokens().size()));
    Tensor result = logits.first(batch.size());
    base.logitTransform().applyInPlace(result);
    return result;
  }

  private static void checkSize(String what, int most, int found) {
    if (found > most) {
      throw new UserError("a batch has at most %d %s, found %d".formatted(most, what, found));
    }
  }

  private void step(List<RowState> batch, List<RowState> lasts, TeamBarrier team) {
    int rows = batch.size();
    each(batch, team, row -> row.norm(0));
    for (int i = 0; i < products.size(); i++) {
      Products layer = products.get(i);
      int number = i;
      layer
          .queryKeyValue()
          .compute(team, rows, normalised, heads, row -> batch.get(row).projectionTerms(number));
      each(batch, team, row -> row.writeKeysAndValues(number));
      each(batch, team, row -> row.attend(number));
      layer
          .output()
          .compute(team, rows, mixed, branches, row -> batch.get(row).outputTerms(number));
      each(batch, team, row -> row.addAttention(number));
      if (layer.feedForward().isPresent()) {
        GatedProducts gated = layer.feedForward().get();
        gated
            .gateAndUp()
            .compute(team, rows, normalised, gates, row -> batch.get(row).gateTerms(number));
        each(batch, team, row -> row.activate(number));
        gated
            .down()
            .compute(team, rows, activated, branches, row -> batch.get(row).downTerms(number));
        each(batch, team, row -> row.addGated(number));
      } else {
        each(batch, team, row -> row.addExperts(number));
      }
    }
    head.compute(team, lasts.size(), finals, logits, row -> lasts.get(row).headTerms());
    each(lasts, team, RowState::logits);
  }

  private static void each(List<RowState> batch, TeamBarrier team, Consumer<RowState> work) {
    team.share(batch.size(), 1, (from, to) -> batch.subList(from, to).forEach(work));
  }

  /** The vectors of one row, which one thread at a time computes between two products. */
  private final class RowState {
    private final FloatVector stream = FloatVector.of(base.hiddenSize());
    private final FloatVector routed = FloatVector.of(Math.max(1, base.experts()));
    private final FloatVector expertOutput = FloatVector.of(base.hiddenSize());
    private final FloatVector normalised;
    private final FloatVector heads;
    private final FloatVector mixed;
    private final FloatVector branch;
    private final FloatVector gates;
    private final FloatVector activated;
    private final RowInput normalisedInput;
    private final RowInput mixedInput;
    private final RowInput activatedInput;
    private FloatVector features = FloatVector.of(1);
    private FloatVector terms = FloatVector.of(1); // low-rank terms of the next product
    private FloatVector attentionWeights = FloatVector.of(1);
    private DecoderWeights weights = base;
    private List<BlockAttention> cached = List.of();
    private int position;
    private List<DecoderWeights.Rotation> rotations = List.of();
    private @Nullable LogitRow last; // of the last token of a sequence

    RowState(int row) {
      normalised = BatchDecoder.this.normalised.row(row);
      heads = BatchDecoder.this.heads.row(row);
      mixed = BatchDecoder.this.mixed.row(row);
      branch = branches.row(row);
      gates = BatchDecoder.this.gates.row(row);
      activated = BatchDecoder.this.activated.row(row);
      normalisedInput = BatchDecoder.this.normalised.changedInput(row);
      mixedInput = BatchDecoder.this.mixed.changedInput(row);
      activatedInput = BatchDecoder.this.activated.changedInput(row);
    }

    /** Begins with one of the next tokens of a sequence. */
    void begin(NextTokens next, int index) {
      weights = next.adapted().weights;
      cached = next.cache().attention();
      position = Math.toIntExact(next.cache().length()) + index;
      rotations = weights.rotationsAt(position);
      features = atLeast(features, weights.maxRank());
      terms = atLeast(terms, weights.maxTerms());
      attentionWeights = atLeast(attentionWeights, position + 1);
      weights.embed(next.tokens().get(index), stream);
      last = null;
    }

    RowState endsAt(LogitRow row) {
      last = row;
      return this;
    }

    /** Writes the input of a layer's attention. */
    void norm(int layer) {
      weights.layers().get(layer).attentionNorms().before(stream, normalised);
    }

    /** Completes queries, keys and values; later tokens of the sequence attend to them. */
    void writeKeysAndValues(int layer) {
      LayerWeights.Attention attention = attention(layer);
      FusedLinear ofBase = base.layers().get(layer).attention().queryKeyValue();
      finish(attention.queryKeyValue(), ofBase, normalisedInput, heads);
      attention.prepare(heads, rotations);
      cached.get(layer).write(heads, attention.queries(), attention.values(), position);
    }

    void attend(int layer) {
      LayerWeights.Attention attention = attention(layer);
      FloatVector seenWeights = attentionWeights.first(attention.seen(position));
      cached
          .get(layer)
          .attend(
              heads, attention.heads(), position, attention.rule().scoreCap(), seenWeights, mixed);
    }

    void addAttention(int layer) {
      LayerWeights own = weights.layers().get(layer);
      FusedLinear ofBase = base.layers().get(layer).attention().output();
      finish(own.attention().output(), ofBase, mixedInput, branch);
      weights.addBranch(own.attentionNorms().after(branch, branch), stream);
      own.feedForwardNorms().before(stream, normalised);
    }

    void activate(int layer) {
      FeedForwardWeights.Gated own = gated(weights, layer);
      finish(own.gateAndUp(), gated(base, layer).gateAndUp(), normalisedInput, gates);
      activate(own);
    }

    private void activate(FeedForwardWeights own) {
      int size = own.gatesAndUps() / 2;
      activated.gated(own.activation(), gates.first(2 * size), 0, size);
    }

    void addGated(int layer) {
      finish(gated(weights, layer).down(), gated(base, layer).down(), activatedInput, branch);
      addFeedForward(layer);
    }

    void addExperts(int layer) {
      ExpertWeights experts = (ExpertWeights) weights.layers().get(layer).feedForward();
      experts.router().multiply(normalisedInput, routed);
      branch.fill(0);
      for (ExpertWeights.Route route : experts.routes(routed)) {
        experts.gateAndUp().get(route.expert()).multiply(normalisedInput, gates);
        activate(experts);
        experts.down().get(route.expert()).multiply(activatedInput, expertOutput);
        branch.addScaled(expertOutput, route.weight());
      }
      addFeedForward(layer);
    }

    private void addFeedForward(int layer) {
      LayerWeights own = weights.layers().get(layer);
      weights.addBranch(own.feedForwardNorms().after(branch, branch), stream);
      if (layer + 1 < weights.layers().size()) {
        norm(layer + 1);
      } else if (last != null) {
        weights.norm().apply(stream, last.hidden());
      }
    }

    private LayerWeights.Attention attention(int layer) {
      return weights.layers().get(layer).attention();
    }

    private static FeedForwardWeights.Gated gated(DecoderWeights weights, int layer) {
      return (FeedForwardWeights.Gated) weights.layers().get(layer).feedForward();
    }

    void logits() {
      LogitRow row = requireNonNull(last);
      finish(weights.head(), base.head(), row.input(), row.logits());
    }

    // The low-rank terms of the products, computed beside them.

    void projectionTerms(int layer) {
      attention(layer).queryKeyValue().terms(normalised, features, terms);
    }

    void outputTerms(int layer) {
      attention(layer).output().terms(mixed, features, terms);
    }

    void gateTerms(int layer) {
      gated(weights, layer).gateAndUp().terms(normalised, features, terms);
    }

    void downTerms(int layer) {
      gated(weights, layer).down().terms(activated, features, terms);
    }

    void headTerms() {
      weights.head().terms(requireNonNull(last).hidden(), features, terms);
    }

    /** Completes a product: other weights than the base's, biases and low-rank terms. */
    private void finish(FusedLinear own, FusedLinear ofBase, RowInput x, FloatVector y) {
      if (!own.sharesWeights(ofBase)) {
        own.multiply(x, y);
      }
      own.complete(terms, y);
    }

    void close() {
      List.of(stream, routed, expertOutput, features, terms, attentionWeights)
          .forEach(FloatVector::close);
    }
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
    List.of(normalised, heads, mixed, branches, gates, activated, finals, logits)
        .forEach(RowBatch::close);
  }
}
