package dev.lora4j.serve.jobs.upload;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.Consumer;

/** OpenAI's rules for a preference pair, and its form for the recipe. */
public final class PreferenceExample {
  private static final String INPUT = "input";
  private static final String PREFERRED = "preferred_output";
  private static final String OTHER = "non_preferred_output";
  private static final Set<String> FIELDS = Set.of(INPUT, PREFERRED, OTHER);
  private static final Set<String> INPUT_FIELDS =
      Set.of("messages", "tools", "parallel_tool_calls");

  private PreferenceExample() {}

  /**
   * Checks a line.
   *
   * @throws UserError naming the first field that is wrong
   */
  public static void check(ObjectNode row) {
    ChatExample.requireFields(row, FIELDS);
    if (!(row.path(INPUT) instanceof ObjectNode input)) {
      throw new UserError("input: expected an object with messages");
    }
    ChatExample.requireFields(input, INPUT_FIELDS);
    JsonNode messages = input.path("messages");
    ChatExample.checkMessages("input.messages", messages);
    ChatExample.checkTools(input);
    if (ChatExample.isAssistant(messages.get(messages.size() - 1))) {
      throw new UserError("input.messages: the last message must not be from the assistant");
    }
    checkOutput(row, PREFERRED);
    checkOutput(row, OTHER);
    if (row.path(PREFERRED).equals(row.path(OTHER))) {
      throw new UserError(PREFERRED + " and " + OTHER + " are equal: there is nothing to learn");
    }
  }

  private static void checkOutput(ObjectNode row, String field) {
    JsonNode output = row.path(field);
    ChatExample.checkMessages(field, output);
    if (output.size() != 1 || !ChatExample.isAssistant(output.get(0))) {
      throw new UserError(field + ": expected one message of the assistant");
    }
  }

  /**
   * Writes the pairs of an uploaded file with the fields that the recipe reads.
   *
   * @param before runs before each line; an exception of it ends the conversion
   */
  public static void convert(Path uploaded, Path target, Consumer<ObjectNode> before) {
    AtomicFile.write(
        target,
        out ->
            TrainingFileCheck.forEach(
                uploaded,
                before.andThen(
                    row -> write(out, (pair(row) + "\n").getBytes(StandardCharsets.UTF_8)))));
  }

  private static void write(WritableByteChannel out, byte[] line) {
    try {
      AtomicFile.writeFully(out, ByteBuffer.wrap(line));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static ObjectNode pair(ObjectNode row) {
    ObjectNode pair = JsonNodeFactory.instance.objectNode();
    pair.set("prompt", row.path(INPUT).path("messages"));
    pair.set("chosen", row.path(PREFERRED));
    pair.set("rejected", row.path(OTHER));
    if (row.path(INPUT).has("tools")) {
      pair.set("tools", row.path(INPUT).path("tools"));
    }
    return pair;
  }
}
