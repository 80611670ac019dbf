package dev.lora4j.llm.task.model;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.embedding.EmbeddingConfig;
import dev.lora4j.llm.encoder.EncoderCheckpoint;
import dev.lora4j.llm.encoder.EncoderFamily;
import dev.lora4j.llm.encoder.EncoderTokens;
import dev.lora4j.llm.encoder.EncoderWithHead;
import dev.lora4j.llm.encoder.HeadType;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.model.ModelFamily;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.llm.weights.WeightStorage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Loads the network of a task from a pretrained encoder or decoder. */
public final class TaskNetworks {
  private TaskNetworks() {}

  /**
   * Loads a network, frozen and in evaluation mode. A head that the checkpoint lacks is zero: the
   * adapter has its own.
   *
   * @param outputs number of outputs; ignored for embeddings
   * @param storage how a decoder's matrices are kept; encoders are in single precision
   * @throws UserError if the model can't be used for the task
   */
  public static TaskNetwork load(
      ModelFiles files, TextTask task, int outputs, WeightStorage storage) {
    requireFamily(files.json(ModelConfig.FILE));
    return isEncoder(files.path())
        ? encoder(files, task, outputs, storage)
        : decoder(files, task, outputs, storage);
  }

  /**
   * Checks that a tokenizer has the special tokens that an encoder expects; decoders need none.
   *
   * @throws UserError if it lacks them
   */
  public static void checkTokenizer(ModelFiles files, Tokenizer tokenizer, TaskNetwork network) {
    if (isEncoder(files.path())) {
      EncoderTokens.require(files, tokenizer, network.vocabularySize());
    }
  }

  /** Returns whether a directory has a model of an encoder family. */
  public static boolean isEncoder(Path directory) {
    Path config = directory.resolve(ModelConfig.FILE);
    return Files.isRegularFile(config)
        && EncoderFamily.named(JsonDocument.read(config).text("model_type", "")).isPresent();
  }

  /** Refuses a model that is neither of an encoder family nor of a decoder family. */
  private static void requireFamily(JsonDocument config) {
    List<String> types = new ArrayList<>();
    EncoderFamily.all().forEach(family -> types.add(family.modelType()));
    ModelFamily.all().forEach(family -> types.add(family.modelType()));
    String type = config.text("model_type", "");
    if (!types.contains(type)) {
      throw new UserError(
          "%s: model_type '%s' is not supported%s; supported: %s"
              .formatted(
                  config.file(), type, NearMiss.suggestion(type, types), String.join(", ", types)));
    }
  }

  private static TaskNetwork encoder(
      ModelFiles files, TextTask task, int outputs, WeightStorage storage) {
    if (!storage.equals(WeightStorage.asStored())) {
      throw new UserError(
          files.path() + ": encoders are kept in single precision; quantisation does not apply");
    }
    if (task == TextTask.EMBEDDING) {
      return new PooledEncoder(
          EncoderCheckpoint.load(files.path()).encoder(), EmbeddingConfig.in(files));
    }
    HeadType type =
        task == TextTask.TOKEN_CLASSIFICATION
            ? HeadType.TOKEN_CLASSIFICATION
            : HeadType.SEQUENCE_CLASSIFICATION;
    EncoderCheckpoint checkpoint = EncoderCheckpoint.load(files.path(), type, outputs);
    for (String path : checkpoint.newModules()) {
      Heads.zero(checkpoint.root().find(path));
    }
    EncoderWithHead model = checkpoint.withHead().orElseThrow();
    List<String> head = new ArrayList<>(model.headModules());
    checkpoint.newModules().stream().filter(path -> !head.contains(path)).forEach(head::add);
    return new HeadedEncoder(model, head);
  }

  private static TaskNetwork decoder(
      ModelFiles files, TextTask task, int outputs, WeightStorage storage) {
    if (task == TextTask.TOKEN_CLASSIFICATION) {
      throw new UserError(
          "%s is a decoder, whose tokens don't see the words after them; token-classification needs an encoder, such as BERT"
              .formatted(files.path()));
    }
    Pretrained base = Pretrained.load(files, storage);
    return task == TextTask.EMBEDDING
        ? new PooledDecoder(base, EmbeddingConfig.in(files))
        : new ClassifyingDecoder(base, outputs);
  }
}
