# A function that several builds of forward/ share by name would be one of them in the program, and
# might be one that this machine cannot run. So they may share none: every weak symbol of theirs lies
# in the namespace of its instruction set.
#   cmake -DNM=... -DOBJECTS=a.o,b.o -P check_symbols.cmake
string(REPLACE "," ";" objects "${OBJECTS}")
foreach(object ${objects})
  execute_process(COMMAND ${NM} -C ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[0-9a-f]+ [VWu] [^\n]*" weak "${symbols}")
  foreach(symbol IN LISTS weak)
    if(NOT symbol MATCHES "flashdiff::cpu::[a-z0-9_]+::")
      message(FATAL_ERROR "${object} shares a function with other builds: ${symbol}")
    endif()
  endforeach()
endforeach()
