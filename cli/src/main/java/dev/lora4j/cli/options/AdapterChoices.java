package dev.lora4j.cli.options;

import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.weights.WeightStorage;
import dev.lora4j.lora.format.BaseCheck;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The adapters to load. */
public final class AdapterChoices {
  @Option(
      names = "--adapter",
      paramLabel = "[NAME=]DIR",
      description = "Adapter directory, or org/name[@revision] on the Hub; repeatable.")
  private List<String> adapters = new ArrayList<>();

  @Option(
      names = "--any-base",
      description = "Accept a base model other than the one the adapter was trained on.")
  private boolean anyBase;

  public BaseCheck check() {
    return anyBase ? BaseCheck.ANY_BASE : BaseCheck.SAME_BASE;
  }

  /** Returns the directory of each adapter by its name, downloading from the Hub as needed. */
  public Map<String, Path> resolve() {
    Map<String, Path> directories = new LinkedHashMap<>();
    for (String given : adapters) {
      NamedAdapter adapter = NamedAdapter.parse(given);
      if (directories.containsKey(adapter.name())) {
        throw adapter.nameIsTaken();
      }
      directories.put(adapter.name(), References.resolveAdapter(adapter.location()));
    }
    return directories;
  }

  /** Loads a language model and its adapters, all of them inactive. */
  public ChatModel open(Path directory, Optional<Path> chatTemplate, WeightStorage storage) {
    Map<String, Path> directories = resolve();
    ChatModel model =
        chatTemplate.isPresent()
            ? ChatModel.open(directory, chatTemplate.get(), storage)
            : ChatModel.open(directory, storage);
    model.warnings().forEach(warning -> System.err.println("Warning: " + warning));
    try {
      directories.forEach(
          (name, adapter) ->
              model
                  .load(name, adapter, check())
                  .forEach(note -> System.err.println("lora: " + note)));
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }
}
