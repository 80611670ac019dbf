package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.llm.tool.ToolCall;
import java.util.List;
import java.util.Optional;

/** The shape of answers: chat completions or text completions. */
interface CompletionShape {

  /** Prefix of the ids. */
  String idPrefix();

  /** OpenAI's {@code object} of a whole answer or of a chunk. */
  String object(boolean chunk);

  /** A choice of a whole answer. */
  ObjectNode choice(
      int index, String text, List<ToolCall> calls, List<TokenLogProb> logProbs, String finish);

  /** The first chunk's choice, if a stream begins with one. */
  Optional<ObjectNode> opening(int index);

  /**
   * A chunk's choice with more text.
   *
   * @param offset number of characters before the text
   * @param logProbs of the tokens of the text; empty unless the request asks for them
   */
  ObjectNode delta(int index, String text, int offset, List<TokenLogProb> logProbs);

  /**
   * A chunk's choice with tool calls.
   *
   * @param before number of calls before these
   */
  ObjectNode calls(int index, int before, List<ToolCall> calls);

  /** The last chunk's choice. */
  ObjectNode closing(int index, String finish);
}
