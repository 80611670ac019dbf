package dev.lora4j.llm.decode;

import dev.lora4j.llm.model.KeyValueCache;
import dev.lora4j.llm.model.KeyValueCache.KeysAndValues;
import dev.lora4j.llm.model.llama.LlamaModules;
import dev.lora4j.nn.kernel.FloatVector;
import dev.lora4j.nn.kernel.KvCacheView;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.kernel.RopeRotation;
import dev.lora4j.nn.kernel.RowInput;
import dev.lora4j.nn.runtime.TeamBarrier;
import dev.lora4j.nn.runtime.ThreadTeam;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * Decodes Llama-like models in plain memory. The team's threads run through the layers in lockstep,
 * each with its own copy of the residual stream, and share the products and the attention heads.
 */
final class LlamaDecoder implements Decoder {
  private final LlamaWeights weights;
  private final KeyValueCache cache;
  private final Shared shared;
  private final List<Worker> workers = new ArrayList<>();
  private final List<KvCacheView> cached = new ArrayList<>();

  private LlamaDecoder(LlamaWeights weights, KeyValueCache cache) {
    this.weights = weights;
    this.cache = cache;
    shared = new Shared();
    for (int i = 0; i < ThreadTeam.threads(); i++) {
      workers.add(new Worker());
    }
  }

  /** Returns a decoder for these modules; empty if one of them is not plain float memory. */
  static Optional<Decoder> of(LlamaModules modules, KeyValueCache cache) {
    return LlamaWeights.of(modules).map(weights -> new LlamaDecoder(weights, cache));
  }

  @Override
  public Tensor step(long token) {
    if (cache.makeRoom(1) || cached.isEmpty()) {
      cached.clear();
      for (int i = 0; i < weights.blocks().size(); i++) {
        KeysAndValues memory = cache.memory(i);
        cached.add(KvCacheView.of(memory.keys(), memory.values()));
      }
    }
    int position = Math.toIntExact(cache.length());
    RopeRotation rotation =
        new RopeRotation(weights.rope().cosines(position), weights.rope().sines(position));
    ThreadTeam.parallel((part, team) -> workers.get(part).step(token, position, rotation, team));
    weights.logitTransform().applyInPlace(shared.logits);
    cache.advance(1);
    return shared.logits;
  }

  /** The vectors that all threads write and read. */
  private final class Shared {
    final FloatVector queryKeyValue = FloatVector.of(weights.projected());
    final FloatVector attended = FloatVector.of(weights.queries());
    final FloatVector branch = FloatVector.of(weights.hiddenSize()); // to be added to the stream
    final FloatVector gatesAndUps = FloatVector.of(weights.blocks().get(0).gateAndUp().outputs());
    final FloatVector activated = FloatVector.of(gatesAndUps.size() / 2);
    final Tensor logits = Ops.keep(Ops.empty(weights.head().outputs()));
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
    private final RowInput input = new RowInput(normalised);
    private final FloatVector heads = FloatVector.of(shared.queryKeyValue.size());
    private final FloatVector features = FloatVector.of(Math.max(1, weights.maxRank()));
    private FloatVector scores = FloatVector.of(1); // of the tokens that a head attends to

    void step(long token, int position, RopeRotation rotation, TeamBarrier team) {
      weights.embed(token, stream);
      for (int i = 0; i < weights.blocks().size(); i++) {
        LlamaWeights.Block block = weights.blocks().get(i);
        block.inputNorm().apply(stream, normalised);
        attend(block, cached.get(i), position, rotation, team);
        block.output().compute(team, input.of(shared.attended), features, shared.branch);
        addBranch();

        block.postAttentionNorm().apply(stream, normalised);
        feedForward(block, team);
        addBranch();
      }
      weights.norm().apply(stream, normalised);
      weights.head().compute(team, input.of(normalised), features, shared.logitsRow);
    }

    private void attend(
        LlamaWeights.Block block,
        KvCacheView cache,
        int position,
        RopeRotation rotation,
        TeamBarrier team) {
      block.queryKeyValue().compute(team, input.of(normalised), features, shared.queryKeyValue);
      heads.copy(shared.queryKeyValue);
      int values = weights.queries() + weights.keys();
      block.headNorms().ifPresent(norms -> norms.apply(heads, weights.queries(), values));
      rotation.apply(heads, 0, values);
      cache.write(heads, weights.queries(), heads, values, position);

      int count = weights.queries() / weights.rope().headDim();
      int seen = (int) Math.min(position + 1L, block.window().orElse(position + 1L));
      FloatVector seenWeights = weightsFor(seen).first(seen);
      team.share(
          count,
          1,
          (from, to) ->
              cache.attend(heads, from, to, count, position, seenWeights, shared.attended));
    }

    private FloatVector weightsFor(int tokens) {
      if (scores.size() < tokens) {
        scores.close();
        scores = FloatVector.of(2 * tokens);
      }
      return scores;
    }

    private void feedForward(LlamaWeights.Block block, TeamBarrier team) {
      block.gateAndUp().compute(team, input.of(normalised), features, shared.gatesAndUps);
      int size = shared.activated.size();
      team.share(
          size,
          Math.max(1, size / (2 * team.size())),
          (from, to) -> shared.activated.swiglu(shared.gatesAndUps, from, to));
      block.down().compute(team, input.of(shared.activated), features, shared.branch);
    }

    private void addBranch() {
      weights.addBranch(shared.branch, stream);
    }

    void close() {
      List.of(stream, normalised, heads, features, scores).forEach(FloatVector::close);
    }
  }

  @Override
  public void close() {
    workers.forEach(Worker::close);
    shared.close();
  }
}
