package dev.lora4j.models.talk;

import dev.lora4j.UserError;
import dev.lora4j.models.text.ChatTemplate;
import dev.lora4j.models.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The tokenizer and the chat template that an adapter's directory brings, where they are others
 * than the base's: what an adapter learned is only said well in the form in which it was learned.
 */
record TravellingFiles(Path base, Path adapter) {
  private static final List<String> TOKENIZER = List.of("tokenizer.json", "tokenizer_config.json");

  boolean hasTokenizer() {
    return Files.isRegularFile(adapter.resolve(TOKENIZER.get(0)))
        && TOKENIZER.stream().anyMatch(this::differs);
  }

  private boolean differs(String name) {
    Path theirs = adapter.resolve(name);
    Path ours = base.resolve(name);
    if (!Files.isRegularFile(theirs)) {
      return false;
    }
    try {
      return !Files.isRegularFile(ours) || Files.mismatch(theirs, ours) >= 0;
    } catch (IOException e) {
      throw new UserError("cannot read " + theirs + " or " + ours + ": " + e, e);
    }
  }

  boolean hasTemplate() {
    Optional<String> source = ChatTemplate.source(adapter);
    return source.isPresent() && !source.equals(ChatTemplate.source(base));
  }

  /** The template to use with a tokenizer: the adapter's if there is one, else the base's. */
  Optional<ChatTemplate> template(Tokenizer tokenizer) {
    return ChatTemplate.load(adapter, tokenizer.special())
        .or(() -> ChatTemplate.load(base, tokenizer.special()));
  }
}
