package dev.lora4j.llm.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.stream.StreamSupport;

/** The paths of the files of a repository at one commit. */
record RepoListing(String commit, List<String> names) {
  private static final ObjectMapper JSON = new ObjectMapper();

  RepoListing {
    names = List.copyOf(names);
  }

  /** Parses the answer of {@code /api/models/…}, whose paths stay within the repository. */
  static RepoListing parse(RepoId repo, byte[] answer) throws IOException {
    JsonNode root = JSON.readTree(answer);
    String commit = root.path("sha").asText().toLowerCase(Locale.ROOT);
    JsonNode siblings = root.path("siblings");
    if (!RepoId.isCommit(commit) || !siblings.isArray()) {
      throw new IOException("expected sha, a commit, and siblings, a list");
    }
    List<String> names =
        StreamSupport.stream(siblings.spliterator(), false)
            .map(file -> file.path("rfilename").asText())
            .toList();
    names.forEach(name -> checkInside(repo, name));
    return new RepoListing(commit, names);
  }

  private static void checkInside(RepoId repo, String name) {
    boolean odd = name.isEmpty() || name.startsWith("/") || name.matches("^[A-Za-z]:.*");
    odd |= name.contains("\\") || name.chars().anyMatch(c -> c < ' ' || c == 127);
    odd |= List.of(name.split("/", -1)).contains("..");
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(name)) {
      throw new UserError(
          "refused " + repo + ": its file \"" + shown(name) + "\" has a name that is not Unicode");
    }
    if (odd) {
      throw new UserError(
          "refused " + repo + ": its file \"" + shown(name) + "\" would lie outside its directory");
    }
  }

  private static String shown(String name) {
    return name.replaceAll("[\\p{Cntrl}\\p{Cs}]", "?");
  }
}
