package dev.lora4j.llm.hub;

import dev.lora4j.UserError;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A branch, a tag or a commit of a model repository on a Hub. */
public record RepoId(String organization, String name, String revision) {
  /** The default branch. */
  public static final String MAIN = "main";

  private static final int LONGEST = 96;
  private static final Pattern FORM = Pattern.compile("([\\w.-]+)/([\\w.-]+)(?:@(.*))?");
  private static final Pattern REVISION = Pattern.compile("\\w[\\w.+/-]{0,199}");
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

  public RepoId {
    checkPart(organization);
    checkPart(name);
    if (organization.length() + 1 + name.length() > LONGEST || name.endsWith(".git")) {
      throw bad(organization + "/" + name, "at most " + LONGEST + " characters and no .git");
    }
    boolean climbs = revision.contains("..") || revision.contains("//") || revision.endsWith("/");
    if (!REVISION.matcher(revision).matches() || climbs) {
      throw new UserError(
          "bad revision \"%s\" of %s/%s: expected a branch, a tag or a commit, such as main or v1.0"
              .formatted(revision, organization, name));
    }
  }

  /**
   * Reads {@code org/name} or {@code org/name@revision}.
   *
   * @throws UserError when it is not of this form
   */
  public static RepoId parse(String text) {
    Matcher parts = FORM.matcher(text);
    if (!parts.matches()) {
      throw bad(text, "org/name or org/name@revision");
    }
    String revision = parts.group(3);
    return new RepoId(parts.group(1), parts.group(2), revision == null ? MAIN : revision);
  }

  public String path() {
    return organization + "/" + name;
  }

  /** Returns whether the revision is a full commit hash, which always means the same content. */
  boolean isPinned() {
    return isCommit(revision);
  }

  static boolean isCommit(String text) {
    return COMMIT.matcher(text).matches();
  }

  /** Returns {@code org/name}, with the revision unless it is the default branch. */
  @Override
  public String toString() {
    return revision.equals(MAIN) ? path() : path() + "@" + revision;
  }

  private static void checkPart(String part) {
    boolean edge = part.startsWith("-") || part.startsWith(".");
    edge |= part.endsWith("-") || part.endsWith(".");
    if (part.isEmpty() || edge || part.contains("--") || part.contains("..")) {
      throw bad(part, "names without --, .. and without - or . at either end");
    }
  }

  private static UserError bad(String text, String expected) {
    return new UserError("bad model name \"" + text + "\": expected " + expected);
  }
}
