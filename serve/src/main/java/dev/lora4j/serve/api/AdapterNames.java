package dev.lora4j.serve.api;

import dev.lora4j.UserError;
import dev.lora4j.serve.jobs.FineTuningJob;
import java.util.regex.Pattern;

/**
 * The names that adapters may be given, at start-up and by requests alike.
 *
 * @param forJobs whether fine-tuning jobs name their models, so that their prefix is taken
 */
public record AdapterNames(boolean forJobs) {
  private static final Pattern NAME =
      Pattern.compile("[^\\p{Cntrl}]{1,256}", Pattern.UNICODE_CHARACTER_CLASS);

  /**
   * Checks a name.
   *
   * @throws UserError if no adapter may have it
   */
  public void require(String name) {
    if (!NAME.matcher(name).matches() || name.isBlank()) {
      throw new UserError(
          "the name of an adapter has 1 to 256 characters, none of them a control character");
    }
    if (forJobs && name.startsWith(FineTuningJob.NAME_PREFIX)) {
      throw new UserError(
          "%s: names that begin with %s are those of fine-tuning jobs on this server"
              .formatted(name, FineTuningJob.NAME_PREFIX));
    }
  }
}
