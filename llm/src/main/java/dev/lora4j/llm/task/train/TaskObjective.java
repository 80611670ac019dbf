package dev.lora4j.llm.task.train;

import dev.lora4j.UserError;
import dev.lora4j.io.TensorDigest;
import dev.lora4j.llm.dataset.TrainValidationSplit;
import dev.lora4j.llm.encoder.TokenSequence;
import dev.lora4j.llm.task.LabelNames;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.data.TaskExample;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A task with its loss and its data.
 *
 * @param labels names of the outputs; none for tasks without
 * @param examples the validation part may be empty
 */
public record TaskObjective(
    TextTask task, LabelNames labels, TaskLoss loss, TrainValidationSplit<TaskExample> examples) {

  public TaskObjective {
    if (examples.train().isEmpty()) {
      throw new UserError("no examples to train on");
    }
  }

  Map<String, String> settings() {
    Map<String, String> settings = new TreeMap<>(loss.settings());
    settings.put("task", task.word());
    settings.put("labels", String.join(",", labels.names()));
    return settings;
  }

  /**
   * Checks all examples before anything is computed.
   *
   * @throws UserError naming the first that can't be trained on
   */
  void check(int maxTokens, int vocabulary) {
    all()
        .flatMap(example -> example.texts().stream())
        .forEach(text -> check(text, maxTokens, vocabulary));
  }

  private static void check(TokenSequence text, int maxTokens, int vocabulary) {
    if (text.length() > maxTokens) {
      throw new UserError(
          "a text has %d tokens, but the model's maximum sequence length is %d"
              .formatted(text.length(), maxTokens));
    }
    for (int id : text.ids()) {
      if (id < 0 || id >= vocabulary) {
        throw new UserError(
            "a text has token %d, but the model's vocabulary has 0 to %d; is the tokenizer another model's?"
                .formatted(id, vocabulary - 1));
      }
    }
  }

  private Stream<TaskExample> all() {
    return Stream.concat(examples.train().stream(), examples.valid().stream());
  }

  /** Digest of all tokens, token types and targets, in order. */
  String digest() {
    MessageDigest digest = TensorDigest.sha256();
    all().forEach(example -> update(digest, example));
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void update(MessageDigest digest, TaskExample example) {
    for (TokenSequence text : example.texts()) {
      update(digest, text.ids());
      update(digest, text.typeIds());
    }
    int[] bits = new int[example.target().length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToIntBits(example.target()[i]);
    }
    update(digest, bits);
    digest.update(example.group().getBytes(StandardCharsets.UTF_8));
  }

  private static void update(MessageDigest digest, int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * (values.length + 1));
    bytes.putInt(values.length);
    for (int value : values) {
      bytes.putInt(value);
    }
    digest.update(bytes.array());
  }
}
