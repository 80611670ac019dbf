package dev.lora4j.llm.hub;

import dev.lora4j.UserError;
import java.net.URI;
import java.net.http.HttpHeaders;

/** The error messages for a Hub's refusals, with what to do about them. */
final class HubFailure {
  private static final int SHOWN = 200;

  private final HubSettings settings;
  private final RepoId repo;

  HubFailure(HubSettings settings, RepoId repo) {
    this.settings = settings;
    this.repo = repo;
  }

  /**
   * Returns the error for a refusal.
   *
   * @param file the requested file; empty for the repository itself
   */
  UserError of(int status, HttpHeaders headers, URI asked, String file) {
    String code = headers.firstValue("X-Error-Code").orElse("");
    return switch (code) {
      case "GatedRepo" -> gated();
      case "RevisionNotFound" -> noRevision();
      case "RepoNotFound" -> noRepo();
      case "EntryNotFound" -> noFile(file);
      default -> byStatus(status, headers, asked, file);
    };
  }

  private UserError byStatus(int status, HttpHeaders headers, URI asked, String file) {
    if (status == 401) {
      return settings.token().isPresent() ? badToken() : noRepo();
    } else if (status == 403) {
      return forbidden(headers);
    } else if (status == 404) {
      return file.isEmpty() ? noRepo() : noFile(file);
    }
    return new UserError("cannot fetch " + shown(asked) + ": HTTP " + status + said(headers));
  }

  /** Returns an address without its query, which may contain a secret signature. */
  static String shown(URI uri) {
    return uri.getScheme() + "://" + uri.getRawAuthority() + uri.getRawPath();
  }

  private UserError noRepo() {
    String who = settings.token().isPresent() ? "your token may not see it" : "no token is set";
    return new UserError(
        "there is no model "
            + repo.path()
            + " at "
            + settings.endpoint()
            + ", or it is private and "
            + who
            + "; check the name, or set HF_TOKEN to a token that may read it"
            + " (a directory or file of that name is not here either)");
  }

  private UserError noRevision() {
    return new UserError(
        "the model "
            + repo.path()
            + " has no revision \""
            + repo.revision()
            + "\": expected a branch, a tag or a commit; "
            + settings.endpoint()
            + "/"
            + repo.path()
            + "/commits/main lists them");
  }

  private UserError noFile(String file) {
    return new UserError(
        "the model " + repo + " has no file " + file + "; it has changed meanwhile, try again");
  }

  private UserError gated() {
    String page = settings.endpoint() + "/" + repo.path();
    String token =
        settings.token().isPresent()
            ? "and use a token of the account that did"
            : "and set HF_TOKEN to a token of that account";
    return new UserError(
        "the model " + repo.path() + " is gated: accept its terms at " + page + " " + token);
  }

  private UserError forbidden(HttpHeaders headers) {
    String next =
        settings.token().isPresent()
            ? "use a token that may read it"
            : "set HF_TOKEN to a token that may read it";
    return new UserError("may not read the model " + repo.path() + said(headers) + "; " + next);
  }

  private UserError badToken() {
    return new UserError(
        settings.endpoint()
            + " does not accept the token; check HF_TOKEN or the token file, or unset it for a"
            + " public model");
  }

  private static String said(HttpHeaders headers) {
    String text = headers.firstValue("X-Error-Message").orElse("").replaceAll("\\p{Cntrl}", " ");
    return text.isEmpty() ? "" : " (" + text.substring(0, Math.min(SHOWN, text.length())) + ")";
  }
}
