/**
 * The two kinds of error that are not bugs, and the hint in their messages. A <i>user error</i> is
 * bad input; a <i>corrupt file</i> is truncated, damaged or of another format. Anything else that
 * is thrown is a bug.
 *
 * <pre>{@code
 * if (!names.contains(name)) {
 *   throw new UserError("no module '" + name + "'" + NearMiss.hint(name, names));
 * }
 * }</pre>
 *
 * <p>A class belongs here if at least three packages need it and it depends on none.
 */
@NullMarked
package dev.lora4j;

import org.jspecify.annotations.NullMarked;
