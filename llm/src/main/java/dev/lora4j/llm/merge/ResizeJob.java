package dev.lora4j.llm.merge;

import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.TensorForm;
import dev.lora4j.io.TensorSource;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.WeightsOnly;
import dev.lora4j.lora.format.AdapterVocabulary;
import dev.lora4j.lora.format.StoredAdapter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Enlarges the vocabulary of a saved language model, as transformers' {@code
 * resize_token_embeddings} does: embedding and output head get rows for new tokens, and the config
 * the new size. A new row is the mean of all old ones (Hewitt 2021), without the random part that
 * transformers adds.
 *
 * <pre>{@code
 * ResizeJob.of(base, ResizeJob.tokensOf(base, adapter)).write(Path.of("larger"));
 * }</pre>
 *
 * @param base a Hugging Face directory
 * @param tokens the number of tokens
 * @param multipleOf the size is rounded up to a multiple of this number
 * @param tokenizer a directory whose tokenizer files replace the base's
 * @param maxShardBytes the largest size of a shard
 */
public record ResizeJob(
    Path base, long tokens, long multipleOf, Optional<Path> tokenizer, long maxShardBytes) {
  private static final long DEFAULT_SHARD_BYTES = 5_000_000_000L;

  /**
   * The result of resizing.
   *
   * @param before the size of the vocabulary before
   * @param after the size after
   * @param tensors the tensors that were enlarged
   * @param bytes the size of all files
   */
  public record Summary(long before, long after, List<String> tensors, long bytes) {}

  public ResizeJob {
    if (tokens < 1 || multipleOf < 1) {
      throw new UserError(
          "tokens and the multiple must be at least 1, found %d and %d"
              .formatted(tokens, multipleOf));
    }
  }

  public static ResizeJob of(Path base, long tokens) {
    return new ResizeJob(base, tokens, 1, Optional.empty(), DEFAULT_SHARD_BYTES);
  }

  public ResizeJob multipleOf(long number) {
    return new ResizeJob(base, tokens, number, tokenizer, maxShardBytes);
  }

  public ResizeJob tokenizer(Path directory) {
    return new ResizeJob(base, tokens, multipleOf, Optional.of(directory), maxShardBytes);
  }

  public ResizeJob shardsOf(long bytes) {
    return new ResizeJob(base, tokens, multipleOf, tokenizer, bytes);
  }

  /**
   * Returns the number of tokens of the base that an adapter was trained on.
   *
   * @throws UserError if the adapter holds no tensor of an embedding or a head
   */
  public static long tokensOf(Path base, Path adapter) {
    Engine.start();
    try (PointerScope scope = new PointerScope();
        Checkpoint checkpoint = Checkpoint.open(base)) {
      StoredAdapter stored = StoredAdapter.read(adapter);
      try (WeightsOnly network = AdaptedCheckpoint.of(checkpoint, List.of(stored)).network()) {
        OptionalLong tokens = AdapterVocabulary.of(stored, network);
        return tokens.orElseThrow(
            () ->
                new UserError(
                    adapter
                        + " does not adapt or save the embedding or the head, so it does not show"
                        + " the size of the vocabulary; give --tokens or --tokenizer"));
      }
    }
  }

  /**
   * Writes the enlarged model.
   *
   * @param out a new or empty directory; it appears complete or not at all
   * @throws UserError if the model has no input embedding, or is large enough already
   */
  public Summary write(Path out) {
    CheckpointOutput.requireFree(out);
    Engine.start();
    try (PointerScope scope = new PointerScope();
        Checkpoint checkpoint = Checkpoint.open(base)) {
      if (checkpoint.config().isEmpty()) {
        throw new UserError(base + " has no config.json; give the directory of a language model");
      }
      Set<String> names = vocabularyTensors(checkpoint);
      long before = names.stream().mapToLong(name -> rows(checkpoint, name)).max().orElseThrow();
      long after = (tokens + multipleOf - 1) / multipleOf * multipleOf;
      if (after <= before) {
        throw new UserError(
            "%s has %d tokens already, %s"
                .formatted(
                    base, before, after == before ? "as many as wanted" : "wanted are " + after));
      }
      Map<String, TensorSource> sources = new LinkedHashMap<>();
      checkpoint
          .infos()
          .forEach(
              (name, info) ->
                  sources.put(name, source(checkpoint, name, info, names.contains(name), after)));
      long bytes =
          new CheckpointOutput(
                  checkpoint,
                  sources,
                  maxShardBytes,
                  Optional.empty(),
                  false,
                  OptionalLong.of(after),
                  tokenizer)
              .write(out);
      return new Summary(before, after, List.copyOf(names), bytes);
    }
  }

  /** Returns the stored tensors with a row for each token. */
  private Set<String> vocabularyTensors(Checkpoint checkpoint) {
    try (WeightsOnly network = WeightsOnly.of(checkpoint)) {
      String embedding =
          network
              .inputEmbedding()
              .orElseThrow(() -> new UserError(base + " has no input embedding to enlarge"));
      Set<String> names = new TreeSet<>();
      names.add(network.tensor(embedding + ".weight"));
      network
          .headPath()
          .ifPresent(
              head -> {
                for (String name : List.of(head + ".weight", head + ".bias")) {
                  if (checkpoint.infos().containsKey(name)) {
                    names.add(name);
                  }
                }
              });
      return names;
    }
  }

  private static long rows(Checkpoint checkpoint, String name) {
    return Objects.requireNonNull(checkpoint.infos().get(name)).shape().get(0);
  }

  private static TensorSource source(
      Checkpoint checkpoint, String name, TensorForm info, boolean enlarged, long rows) {
    if (!enlarged) {
      return new TensorSource(info.dtype(), info.shape(), () -> checkpoint.read(name));
    }
    List<Long> shape = new ArrayList<>(info.shape());
    shape.set(0, rows);
    return new TensorSource(
        info.dtype(), shape, () -> enlarged(checkpoint.mapOrRead(name), info.dtype(), rows));
  }

  private static Tensor enlarged(Tensor old, DType dtype, long rows) {
    Tensor mean = old.to(ScalarType.Float).mean(new long[] {0}, true, null);
    long[] added = Ops.shape(old);
    added[0] = rows - added[0];
    Tensor fresh = mean.to(dtype.torch()).expand(added);
    return Ops.join(0, old.detach(), fresh.contiguous());
  }
}
