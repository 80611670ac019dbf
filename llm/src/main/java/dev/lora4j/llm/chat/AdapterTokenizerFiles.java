package dev.lora4j.llm.chat;

import dev.lora4j.llm.gguf.ChatTemplateSource;
import dev.lora4j.llm.gguf.ModelFiles;
import dev.lora4j.llm.tokenizer.ChatTemplate;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The tokenizer and chat template in an adapter's directory, where they differ from the base's. */
record AdapterTokenizerFiles(ModelFiles base, ModelFiles adapter) {
  private static final List<String> TOKENIZER = List.of("tokenizer.json", "tokenizer_config.json");

  boolean hasTokenizer() {
    return adapter.read(TOKENIZER.get(0)).isPresent()
        && TOKENIZER.stream().anyMatch(name -> differs(adapter.read(name), base.read(name)));
  }

  private static boolean differs(Optional<byte[]> theirs, Optional<byte[]> ours) {
    return theirs.isPresent() && !(ours.isPresent() && Arrays.equals(theirs.get(), ours.get()));
  }

  boolean hasTemplate() {
    Optional<String> source = source(adapter);
    return source.isPresent() && !source.equals(source(base));
  }

  private static Optional<String> source(ModelFiles files) {
    return ChatTemplateSource.in(files).map(ChatTemplateSource::text);
  }

  /** The adapter's chat template, else the base's, for this tokenizer. */
  Optional<ChatTemplate> template(Tokenizer tokenizer) {
    return ChatTemplate.load(adapter, tokenizer.special())
        .or(() -> ChatTemplate.load(base, tokenizer.special()));
  }
}
