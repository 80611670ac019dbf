package dev.lora4j.llm.encoder;

import dev.lora4j.UserError;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.tokenizer.EncodedText;
import dev.lora4j.llm.tokenizer.Tokenizer;

/**
 * Special tokens that encoders expect around a text, such as BERT's {@code [CLS]} and {@code
 * [SEP]}.
 */
public final class EncoderTokens {
  private EncoderTokens() {}

  /**
   * Checks that a tokenizer adds special tokens to a text, all of them in the model's vocabulary.
   *
   * @param files those of the model, for the message
   * @param vocabulary number of tokens of the model
   * @throws UserError if it adds none, or one that the model lacks
   */
  public static void require(ModelFiles files, Tokenizer tokenizer, int vocabulary) {
    EncodedText empty = tokenizer.encodeText("");
    if (empty.ids().length == 0) {
      throw new UserError(
          "%s: the tokenizer adds no special tokens to a text, but encoders are trained with them, such as [CLS] and [SEP]; its post_processor is missing"
              .formatted(files.path().resolve("tokenizer.json")));
    }
    for (int id : empty.ids()) {
      if (id >= vocabulary) {
        throw new UserError(
            "%s: the special token '%s' has the id %d, but the model's vocabulary has 0 to %d; is the tokenizer another model's?"
                .formatted(
                    files.path().resolve("tokenizer.json"),
                    tokenizer.decode(id),
                    id,
                    vocabulary - 1));
      }
    }
  }
}
