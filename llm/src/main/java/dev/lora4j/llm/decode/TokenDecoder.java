package dev.lora4j.llm.decode;

import dev.lora4j.llm.model.KeyValueCache;
import dev.lora4j.llm.model.KeyValueCache.KeysAndValues;
import dev.lora4j.llm.model.transformer.DecoderModules;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.FusedLinear;
import dev.lora4j.nn.kernel.GatedActivation;
import dev.lora4j.nn.kernel.KvCacheView;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.kernel.RowInput;
import dev.lora4j.nn.kernel.SoftCap;
import dev.lora4j.nn.runtime.TeamBarrier;
import dev.lora4j.nn.runtime.ThreadTeam;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * Decodes one token at a time in plain memory. The team's threads run through the layers in
 * lockstep, each with its own copy of the residual stream, and share the products and the attention
 * heads.
 */
final class TokenDecoder implements Decoder {
  private final DecoderWeights weights;
  private final KeyValueCache cache;
  private final Shared shared;
  private final List<Worker> workers = new ArrayList<>();
  private final List<KvCacheView> cached = new ArrayList<>();

  private TokenDecoder(DecoderWeights weights, KeyValueCache cache) {
    this.weights = weights;
    this.cache = cache;
    shared = new Shared();
    for (int i = 0; i < ThreadTeam.threads(); i++) {
      workers.add(new Worker());
    }
  }

  /** Returns a decoder for these modules; empty if one of them is not plain float memory. */
  static Optional<Decoder> of(DecoderModules modules, KeyValueCache cache) {
    try (NoGradGuard guard = new NoGradGuard()) {
      return DecoderWeights.of(modules, true).map(weights -> new TokenDecoder(weights, cache));
    }
  }

  @Override
  public Tensor step(long token) {
    if (cache.makeRoom(1) || cached.isEmpty()) {
      cached.clear();
      for (int i = 0; i < weights.layers().size(); i++) {
        KeysAndValues memory = cache.memory(i);
        cached.add(KvCacheView.of(memory.keys(), memory.values()));
      }
    }
    int position = Math.toIntExact(cache.length());
    List<DecoderWeights.Rotation> rotations = weights.rotationsAt(position);
    ThreadTeam.parallel((part, team) -> workers.get(part).step(token, position, rotations, team));
    weights.logitTransform().applyInPlace(shared.logits);
    cache.advance(1);
    return shared.logits;
  }

  /** The vectors that all threads write and read. */
  private final class Shared {
    final FloatVector queryKeyValue = FloatVector.of(weights.projected());
    final FloatVector attended = FloatVector.of(weights.queries());
    final FloatVector branch = FloatVector.of(weights.hiddenSize()); // to be added to the stream
    final FloatVector gatesAndUps = FloatVector.of(weights.gatesAndUps());
    final FloatVector activated = FloatVector.of(gatesAndUps.size() / 2);
    final FloatVector routed = FloatVector.of(Math.max(1, weights.experts()));
    final Tensor logits = Ops.keep(Ops.empty(weights.head().outputs()));
    final FloatVector logitsRow = FloatVector.over(logits);

    void close() {
      List.of(queryKeyValue, attended, branch, gatesAndUps, activated, routed)
          .forEach(FloatVector::close);
      logits.deallocate();
    }
  }

  /** The state of one thread. */
  private final class Worker {
    private final FloatVector stream = FloatVector.of(shared.branch.size());
    private final FloatVector normalised = FloatVector.of(shared.branch.size());
    private final RowInput input = new RowInput(normalised);
    private final FloatVector heads = FloatVector.of(shared.queryKeyValue.size());
    private final FloatVector mixture = FloatVector.of(shared.branch.size()); // of experts
    private final FloatVector features = FloatVector.of(Math.max(1, weights.maxRank()));
    private FloatVector scores = FloatVector.of(1); // of the tokens that a head attends to

    void step(long token, int position, List<DecoderWeights.Rotation> rotations, TeamBarrier team) {
      weights.embed(token, stream);
      for (int i = 0; i < weights.layers().size(); i++) {
        LayerWeights layer = weights.layers().get(i);
        layer.attentionNorms().before(stream, normalised);
        attend(layer.attention(), cached.get(i), position, rotations, team);
        addBranch(layer.attentionNorms(), shared.branch);

        layer.feedForwardNorms().before(stream, normalised);
        addBranch(layer.feedForwardNorms(), feedForward(layer.feedForward(), team));
      }
      weights.norm().apply(stream, normalised);
      weights.head().compute(team, input.of(normalised), features, shared.logitsRow);
    }

    private void attend(
        LayerWeights.Attention attention,
        KvCacheView cache,
        int position,
        List<DecoderWeights.Rotation> rotations,
        TeamBarrier team) {
      attention.queryKeyValue().compute(team, input.of(normalised), features, shared.queryKeyValue);
      heads.copy(shared.queryKeyValue);
      attention.prepare(heads, rotations);
      cache.write(heads, attention.queries(), heads, attention.values(), position);

      int count = attention.heads();
      int seen = attention.seen(position);
      FloatVector seenWeights = weightsFor(seen).first(seen);
      Optional<SoftCap> cap = attention.rule().scoreCap();
      team.share(
          count,
          1,
          (from, to) ->
              cache.attend(heads, from, to, count, position, cap, seenWeights, shared.attended));
      attention.output().compute(team, input.of(shared.attended), features, shared.branch);
    }

    private FloatVector weightsFor(int tokens) {
      if (scores.size() < tokens) {
        scores.close();
        scores = FloatVector.of(2 * tokens);
      }
      return scores;
    }

    private FloatVector feedForward(FeedForwardWeights feedForward, TeamBarrier team) {
      if (feedForward instanceof ExpertWeights experts) {
        return experts(experts, team);
      }
      FeedForwardWeights.Gated gated = (FeedForwardWeights.Gated) feedForward;
      gated(gated.gateAndUp(), gated.activation(), gated.down(), team);
      return shared.branch;
    }

    private FloatVector experts(ExpertWeights experts, TeamBarrier team) {
      experts.router().compute(team, input.of(normalised), features, shared.routed);
      mixture.fill(0);
      for (ExpertWeights.Route route : experts.routes(shared.routed)) {
        FusedLinear gateAndUp = experts.gateAndUp().get(route.expert());
        gated(gateAndUp, experts.activation(), experts.down().get(route.expert()), team);
        mixture.addScaled(shared.branch, route.weight());
      }
      return mixture;
    }

    private void gated(
        FusedLinear gateAndUp, GatedActivation activation, FusedLinear down, TeamBarrier team) {
      gateAndUp.compute(team, input.of(normalised), features, shared.gatesAndUps);
      FloatVector gatesAndUps = shared.gatesAndUps.first(gateAndUp.outputs());
      int size = gateAndUp.outputs() / 2;
      team.share(
          size,
          Math.max(1, size / (2 * team.size())),
          (from, to) -> shared.activated.gated(activation, gatesAndUps, from, to));
      down.compute(team, input.of(shared.activated.first(size)), features, shared.branch);
    }

    private void addBranch(LayerWeights.Norms norms, FloatVector branch) {
      weights.addBranch(norms.after(branch, normalised), stream);
    }

    void close() {
      List.of(stream, normalised, heads, mixture, features, scores).forEach(FloatVector::close);
    }
  }

  @Override
  public void close() {
    workers.forEach(Worker::close);
    shared.close();
  }
}
