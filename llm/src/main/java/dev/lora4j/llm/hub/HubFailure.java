package dev.lora4j.llm.hub;

import dev.lora4j.UserError;
import java.net.URI;
import java.net.http.HttpHeaders;

/** The error messages for a Hub's refusals, with the remedies. */
record HubFailure(HubSettings settings, RepoId repo) {
  private static final int MAX_CHARACTERS = 200;

  /** Returns the error for a refusal of a file, or of the repository if the name is empty. */
  UserError of(int status, HttpHeaders headers, URI uri, String file) {
    String code = headers.firstValue("X-Error-Code").orElse("");
    return switch (code) {
      case "GatedRepo" -> gated();
      case "RevisionNotFound" -> noRevision();
      case "RepoNotFound" -> noRepo();
      case "EntryNotFound" -> noFile(file);
      default -> byStatus(status, headers, uri, file);
    };
  }

  private UserError byStatus(int status, HttpHeaders headers, URI uri, String file) {
    if (status == 401) {
      return settings.token().isPresent() ? badToken() : noRepo();
    } else if (status == 403) {
      return forbidden(headers);
    } else if (status == 404) {
      return file.isEmpty() ? noRepo() : noFile(file);
    }
    return new UserError(
        "cannot fetch %s: HTTP %d%s".formatted(shown(uri), status, reason(headers)));
  }

  /** Returns an address without its query, which may contain a secret signature. */
  static String shown(URI uri) {
    return uri.getScheme() + "://" + uri.getRawAuthority() + uri.getRawPath();
  }

  private UserError noRepo() {
    return new UserError(
        ("there is no model %s at %s, or it is private and %s; check the name, or set HF_TOKEN to a"
                + " token that may read it (a directory or file of that name is not here either)")
            .formatted(
                repo.path(),
                settings.endpoint(),
                settings.token().isPresent() ? "your token may not see it" : "no token is set"));
  }

  private UserError noRevision() {
    return new UserError(
        ("the model %1$s has no revision \"%2$s\": expected a branch, a tag or a commit;"
                + " %3$s/%1$s/commits/main lists them")
            .formatted(repo.path(), repo.revision(), settings.endpoint()));
  }

  private UserError noFile(String file) {
    return new UserError(
        "the model " + repo + " has no file " + file + "; it has changed meanwhile, try again");
  }

  private UserError gated() {
    return new UserError(
        "the model %1$s is gated: accept its terms at %2$s/%1$s %3$s"
            .formatted(
                repo.path(),
                settings.endpoint(),
                settings.token().isPresent()
                    ? "and use a token of the account that did"
                    : "and set HF_TOKEN to a token of that account"));
  }

  private UserError forbidden(HttpHeaders headers) {
    String next =
        settings.token().isPresent()
            ? "use a token that may read it"
            : "set HF_TOKEN to a token that may read it";
    return new UserError("may not read the model " + repo.path() + reason(headers) + "; " + next);
  }

  private UserError badToken() {
    return new UserError(
        settings.endpoint()
            + " does not accept the token; check HF_TOKEN or the token file, or unset it for a"
            + " public model");
  }

  private static String reason(HttpHeaders headers) {
    String text = headers.firstValue("X-Error-Message").orElse("").replaceAll("\\p{Cntrl}", " ");
    return text.isEmpty()
        ? ""
        : " (" + text.substring(0, Math.min(MAX_CHARACTERS, text.length())) + ")";
  }
}
