package dev.lora4j.cli;

import dev.lora4j.lora.BaseCheck;
import dev.lora4j.models.talk.TextModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/** Which adapters a model gets. */
final class AdapterChoices {
  @Option(
      names = "--adapter",
      paramLabel = "[NAME=]A",
      showDefaultValue = Visibility.NEVER,
      description =
          "An adapter's directory, or org/name[@revision] on the Hub; may be given several times.")
  private List<String> adapters = new ArrayList<>();

  @Option(
      names = "--any-base",
      description = "Take this base even if an adapter says that it was made on another.")
  private boolean anyBase;

  BaseCheck check() {
    return anyBase ? BaseCheck.ANY_BASE : BaseCheck.SAME_BASE;
  }

  /** Where each of them is, by its name; what is on the Hub is fetched. */
  Map<String, Path> resolve() {
    Map<String, Path> places = new LinkedHashMap<>();
    for (String given : adapters) {
      NamedAdapter adapter = NamedAdapter.parse(given);
      if (places.containsKey(adapter.name())) {
        throw adapter.nameIsTaken();
      }
      places.put(adapter.name(), References.resolve(adapter.place()));
    }
    return places;
  }

  /** Loads a language model and all adapters, which rest, and tells what they bring. */
  TextModel open(Path directory) {
    Map<String, Path> places = resolve();
    TextModel model = TextModel.open(directory);
    try {
      places.forEach(
          (name, place) ->
              model
                  .load(name, place, check())
                  .forEach(note -> System.err.println("lora: " + note)));
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }
}
