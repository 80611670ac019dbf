package dev.lora4j.llm.plan;

import dev.lora4j.llm.model.LanguageModelConfig;
import dev.lora4j.llm.model.LayerActivations;
import dev.lora4j.llm.train.BatchConfig;
import dev.lora4j.lora.config.PlanListing;
import dev.lora4j.nn.runtime.CostModel;

/**
 * The memory of a training run, in bytes.
 *
 * <p>With P trainable parameters, W workers, a batch of B rows of T tokens, L layers of width H and
 * vocabulary V, in float32:
 *
 * <pre>
 * adapter      P
 * gradients    W · P
 * optimizer    3 P               AdamW's two moments, and the denominators of a step
 * activations  B T (L · kept + 2 Σ rank)          {@link LayerActivations}, Σ over adapted layers
 *              B T (L · H + kept + 2 Σ rank / L)  with gradient checkpointing
 * workspace    B T · passing + W · a tile of a dequantised weight
 * logits       W · max(16, 2²³ / V) · V           chunked cross-entropy
 * gaps         B T (3 L · H + 4 kept)             freed memory that the allocator keeps
 * </pre>
 *
 * <p>All lines but the last follow from the tensors that a step holds. The last one, and that of
 * the runtime, are fitted to resident memory under glibc (docs/quantised.md has the measurements).
 *
 * @param base the base model's weights
 * @param adapter the trainable parameters
 * @param activations kept from the forward to the backward pass
 * @param workspace of a layer and its backward pass
 * @param logits a chunk of logits of each worker
 * @param gaps freed memory between tensors in use, which the allocator keeps
 * @param runtime Java, libtorch and its libraries, tokenizer and data: {@value #RUNTIME_MEGABYTES}
 *     MB, of which {@code lora bench train} has no tokenizer and data, 120 MB
 */
public record TrainingMemory(
    long base,
    long adapter,
    long gradients,
    long optimizer,
    long activations,
    long workspace,
    long logits,
    long gaps,
    long runtime) {
  static final long RUNTIME_MEGABYTES = 450;

  static final long RUNTIME = RUNTIME_MEGABYTES * 1_000_000;
  private static final long QUERY_BLOCK = CostModel.ATTENTION_QUERY_BLOCK;

  static TrainingMemory of(LanguageModelConfig model, PlanListing adapter, TrainingSetup setup) {
    long parameters = Float.BYTES * adapter.parameters();
    long busy = setup.busyWorkers();
    return new TrainingMemory(
        setup.base().bytes(),
        parameters,
        setup.workers() * parameters,
        3 * parameters,
        Float.BYTES * activations(model, adapter, setup.batching()),
        Float.BYTES * tokens(setup.batching()) * model.activations().passing()
            + (setup.base().isDense() ? 0 : Float.BYTES * busy * CostModel.DEQUANTIZED_TILE),
        Float.BYTES * busy * logits(model, setup),
        Float.BYTES * tokens(setup.batching()) * gapsOfToken(model),
        RUNTIME);
  }

  private static long activations(
      LanguageModelConfig model, PlanListing adapter, BatchConfig batching) {
    LayerActivations layer = model.activations();
    long ranks = adapter.rows().stream().mapToLong(PlanListing.Row::rank).sum();
    long length = batching.maxSeqLength();
    long pairs = batching.batchSize() * length * (length + QUERY_BLOCK) / 2;
    long tokens = tokens(batching);
    long ofLayer = tokens * layer.kept() + pairs * layer.keptOfPairs();
    return batching.activationCheckpointing()
        ? tokens * model.layers() * model.hiddenSize()
            + ofLayer
            + tokens * 2 * ranks / model.layers()
        : model.layers() * ofLayer + tokens * 2 * ranks;
  }

  private static long tokens(BatchConfig batching) {
    return (long) batching.batchSize() * batching.maxSeqLength();
  }

  private static long logits(LanguageModelConfig model, TrainingSetup setup) {
    long vocabulary = model.vocabularySize();
    long rows = Math.max(CostModel.LOGITS_MIN_ROWS, CostModel.LOGITS_CHUNK / vocabulary);
    return Math.min(rows, tokens(setup.batching()) / setup.busyWorkers()) * vocabulary;
  }

  private static long gapsOfToken(LanguageModelConfig model) {
    return 3L * model.layers() * model.hiddenSize() + 4 * model.activations().kept();
  }

  public long total() {
    long ofAdapter = adapter + gradients + optimizer;
    return base + ofAdapter + activations + workspace + logits + gaps + runtime;
  }
}
