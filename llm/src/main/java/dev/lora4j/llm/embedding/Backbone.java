package dev.lora4j.llm.embedding;

import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.checkpoint.ModelConfig;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.encoder.EncoderCheckpoint;
import dev.lora4j.llm.encoder.EncoderFamily;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Module;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** The network of an embedder: an encoder or a causal language model. */
sealed interface Backbone extends AutoCloseable permits EncoderBackbone, DecoderBackbone {

  /** The network that adapters adapt. */
  Module root();

  /** Hidden size. */
  int dimensions();

  /** The largest number of tokens of a text. */
  int maxPositions();

  /**
   * Checks that a tokenizer has the special tokens that the network expects.
   *
   * @throws UserError if it lacks them
   */
  default void check(ModelFiles files, Tokenizer tokenizer) {}

  /** Returns whether texts of one batch can have different adapters. */
  boolean mixes(LoraModel model, List<String> adapters);

  /**
   * Computes and pools the hidden states of a batch with the adapters that are active.
   *
   * @return {@code [B, H]}
   */
  Tensor pooled(List<TokenSequence> batch, TokenPooling pooling);

  /**
   * Does the same with an adapter for each text.
   *
   * @param adapters one for each text, {@link LoraModel#BASE} for none
   */
  Tensor pooled(
      List<TokenSequence> batch, TokenPooling pooling, LoraModel model, List<String> adapters);

  @Override
  void close();

  /** Loads the network of a directory or a GGUF file. */
  static Backbone load(ModelFiles files, WeightStorage storage) {
    if (isEncoder(files.path())) {
      if (!storage.equals(WeightStorage.asStored())) {
        throw new UserError(
            files.path() + ": encoders are kept in single precision; quantisation does not apply");
      }
      return new EncoderBackbone(EncoderCheckpoint.load(files.path()));
    }
    return DecoderBackbone.of(Pretrained.load(files, storage));
  }

  /** Returns whether a directory holds an encoder. */
  static boolean isEncoder(Path directory) {
    Path config = directory.resolve(ModelConfig.FILE);
    return Files.isRegularFile(config)
        && EncoderFamily.named(JsonDocument.read(config).text("model_type", "")).isPresent();
  }
}
