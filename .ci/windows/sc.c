/* What wine's sc.exe lacks: `sc config KEY start= WORD`, with the arguments and the exit codes of Windows' own. */
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

static DWORD start_type(const wchar_t *word)
{
    if (!wcscmp(word, L"auto")) return SERVICE_AUTO_START;
    if (!wcscmp(word, L"demand")) return SERVICE_DEMAND_START;
    if (!wcscmp(word, L"disabled")) return SERVICE_DISABLED;
    return SERVICE_NO_CHANGE;
}

int wmain(int count, wchar_t **arguments)
{
    SC_HANDLE manager, service;
    DWORD type;

    if (count != 5 || wcscmp(arguments[1], L"config") || wcscmp(arguments[3], L"start=")) return 1639;
    type = start_type(arguments[4]);
    if (type == SERVICE_NO_CHANGE) return 1639;
    manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    service = OpenServiceW(manager, arguments[2], SERVICE_CHANGE_CONFIG);
    if (!service || !ChangeServiceConfigW(service, SERVICE_NO_CHANGE, type, SERVICE_NO_CHANGE, NULL, NULL, NULL, NULL,
                                          NULL, NULL, NULL)) {
        DWORD error = GetLastError();
        printf("[SC] FAILED %lu:\n", error);
        return (int)error;
    }
    puts("[SC] ChangeServiceConfig SUCCESS");
    return 0;
}
