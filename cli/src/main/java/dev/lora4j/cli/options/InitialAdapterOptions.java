package dev.lora4j.cli.options;

import dev.lora4j.UserError;
import dev.lora4j.llm.recipe.InitialAdapter;
import dev.lora4j.lora.format.BaseCheck;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The adapter whose training is continued. */
public final class InitialAdapterOptions {
  private static final String NAME = "adapter";
  private static final String DIGEST = "adapter-sha256";

  @Option(
      names = "--" + NAME,
      paramLabel = "DIR",
      description =
          "Adapter to continue training, with its own rank, targets and method: a directory or"
              + " org/name[@revision] on the Hub (default: a new adapter).")
  private @Nullable String adapter;

  @Option(
      names = "--any-base",
      description = "Accept a base model other than the one that --adapter was trained on.")
  private boolean anyBase;

  @Option(names = "--" + DIGEST, paramLabel = "HASH", hidden = true)
  private @Nullable String sha256;

  /** Adds the adapter and its digest to the options of a run's record. */
  public static void putInto(Map<String, Object> options, InitialAdapter initial) {
    options.computeIfPresent(
        NAME,
        (name, given) -> Files.exists(Path.of(given.toString())) ? initial.directory() : given);
    options.put(DIGEST, initial.sha256());
  }

  public boolean isGiven() {
    return adapter != null;
  }

  /**
   * Reads the adapter and checks the options of a new adapter against it.
   *
   * @param given whether the user gave an option
   * @throws UserError if one conflicts with the adapter, or the adapter is not the recorded one
   */
  public Optional<InitialAdapter> open(AdapterOptions options, Predicate<String> given) {
    if (adapter == null) {
      if (anyBase) {
        throw new UserError("--any-base applies to --adapter; a new adapter has no other base");
      }
      return Optional.empty();
    }
    InitialAdapter initial =
        InitialAdapter.at(
            References.resolveAdapter(adapter), anyBase ? BaseCheck.ANY_BASE : BaseCheck.SAME_BASE);
    List<String> conflicts = options.conflicts(initial.config(), given);
    if (!conflicts.isEmpty()) {
      throw new UserError(
          "--adapter %s keeps its own config:\n  %s"
              .formatted(adapter, String.join("\n  ", conflicts)));
    }
    if (sha256 != null) {
      initial.require(sha256);
    }
    return Optional.of(initial);
  }
}
