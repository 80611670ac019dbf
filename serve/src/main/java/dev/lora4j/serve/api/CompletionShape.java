package dev.lora4j.serve.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/** The shape of answers: chat completions or text completions. */
interface CompletionShape {

  /** Prefix of the ids. */
  String idPrefix();

  /** OpenAI's {@code object} of a whole answer or of a chunk. */
  String object(boolean chunk);

  /** A choice of a whole answer. */
  ObjectNode choice(int index, String text, List<PendingCompletion.Piece> pieces, String finish);

  /** The first chunk's choice, if a stream begins with one. */
  Optional<ObjectNode> opening(int index);

  /** A chunk's choice with more text. */
  ObjectNode delta(int index, String text, Optional<PendingCompletion.Piece> piece);

  /** The last chunk's choice. */
  ObjectNode closing(int index, String finish);
}
